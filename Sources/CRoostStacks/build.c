#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "CRoostStacks.h"

// Where the bytes come from: memory from `start` for what is loaded, else a file.
typedef struct {
    int file;
    uint64_t start;
    int is_there;  // the memory is known to be
} source;

static int read_at(const source *from, uint64_t offset, void *bytes, size_t size) {
    if (from->file >= 0) return pread(from->file, bytes, size, (off_t)offset) == (ssize_t)size;
    if (from->is_there) {
        memcpy(bytes, (const void *)(uintptr_t)(from->start + offset), size);
        return 1;
    }
    struct iovec here = {bytes, size}, there = {(void *)(uintptr_t)(from->start + offset), size};
    // Memory that may not be there: what the map says may be out of date.
    return syscall(SYS_process_vm_readv, getpid(), &here, 1UL, &there, 1UL, 0UL) == (long)size;
}

static size_t find_in_notes(const source *from, uint64_t offset, uint64_t size, unsigned char *bytes, size_t room) {
    uint64_t end = offset + size;
    while (offset + sizeof(ElfW(Nhdr)) <= end) {
        ElfW(Nhdr) note;
        char name[4] = {0};
        if (!read_at(from, offset, &note, sizeof note)) return 0;
        uint64_t name_size = ((uint64_t)note.n_namesz + 3) & ~3ULL, value_size = ((uint64_t)note.n_descsz + 3) & ~3ULL;
        uint64_t value = offset + sizeof note + name_size;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4
            && read_at(from, offset + sizeof note, name, sizeof name) && memcmp(name, "GNU", 4) == 0) {
            size_t length = note.n_descsz < room ? note.n_descsz : room;
            return read_at(from, value, bytes, length) ? length : 0;
        }
        offset = value + value_size;
    }
    return 0;
}

static size_t find_build_id(const source *from, unsigned char *bytes, size_t room) {
    ElfW(Ehdr) header;
    if (!read_at(from, 0, &header, sizeof header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0
        || header.e_phentsize != sizeof(ElfW(Phdr))) {
        return 0;
    }
    uint64_t base = UINT64_MAX;
    for (unsigned index = 0; index < header.e_phnum && index < 64; index++) {
        ElfW(Phdr) part;
        if (!read_at(from, header.e_phoff + index * sizeof part, &part, sizeof part)) return 0;
        // The first part that is loaded stands where the file begins.
        if (part.p_type == PT_LOAD && base == UINT64_MAX) base = part.p_vaddr - part.p_offset;
    }
    for (unsigned index = 0; index < header.e_phnum && index < 64; index++) {
        ElfW(Phdr) part;
        if (!read_at(from, header.e_phoff + index * sizeof part, &part, sizeof part)) return 0;
        if (part.p_type != PT_NOTE) continue;
        size_t found = find_in_notes(
            from, from->file >= 0 ? part.p_offset : part.p_vaddr - base, part.p_filesz, bytes, room);
        if (found > 0) return found;
    }
    return 0;
}

size_t roost_build_id_at(uint64_t start, unsigned char *bytes, size_t size) {
    source from = {.file = -1, .start = start};
    return find_build_id(&from, bytes, size);
}

size_t roost_build_id_of_file(const char *path, unsigned char *bytes, size_t size) {
    // Whatever has that name by now: opening a FIFO must not wait for its other end.
    source from = {.file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (from.file < 0) return 0;
    size_t found = find_build_id(&from, bytes, size);
    close(from.file);
    return found;
}

typedef struct {
    unsigned char *bytes;
    size_t room, found;
} wanted;

// In memory: no file need be there.
static int find_in_image(struct dl_phdr_info *info, size_t size, void *argument) {
    (void)size;
    wanted *id = argument;
    source from = {.file = -1, .start = info->dlpi_addr, .is_there = 1};
    for (int index = 0; index < info->dlpi_phnum && id->found == 0; index++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[index];
        if (part->p_type == PT_NOTE) id->found = find_in_notes(&from, part->p_vaddr, part->p_memsz, id->bytes, id->room);
    }
    return 1;  // the first is the executable itself; the others are libraries
}

size_t roost_build_id_of_executable(unsigned char *bytes, size_t size) {
    wanted id = {.bytes = bytes, .room = size};
    dl_iterate_phdr(find_in_image, &id);
    return id.found;
}
