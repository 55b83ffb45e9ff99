#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader.h"

// --- a file in memory ------------------------------------------------------------------------------------------------------
static int map(const char *path, mapping *to) {
    // Whatever has that name by now: opening a FIFO must not wait for its other end.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) return 0;
    struct stat status;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && (size_t)status.st_size >= sizeof(Elf64_Ehdr)) {
        void *memory = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (memory != MAP_FAILED) *to = (mapping){memory, (size_t)status.st_size};
    }
    close(file);
    return to->memory != NULL;
}

static void unmap(mapping *of) {
    if (of->memory != NULL) munmap(of->memory, of->size);
}

static bytes range(const mapping *file, uint64_t offset, uint64_t size) {
    const uint8_t *begin = file->memory;
    if (offset > file->size || size > file->size - offset) return (bytes){begin, begin};
    return (bytes){begin + offset, begin + offset + size};
}

#if defined(__x86_64__)
enum { machine = EM_X86_64 };
#elif defined(__aarch64__)
enum { machine = EM_AARCH64 };
#else
enum { machine = EM_NONE };
#endif

static int is_readable(const Elf64_Ehdr *header) {
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64
        && header->e_ident[EI_DATA] == ELFDATA2LSB && header->e_machine == machine
        && header->e_shentsize == sizeof(Elf64_Shdr) && header->e_phentsize == sizeof(Elf64_Phdr);
}

typedef struct {
    const mapping *file;
    const Elf64_Ehdr *header;
    bytes parts, sections, names;
} elf;

static int read_elf(const mapping *file, elf *to) {
    const Elf64_Ehdr *header = file->memory;
    if (!is_readable(header)) return 0;
    *to = (elf){.file = file, .header = header};
    to->parts = range(file, header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr));
    to->sections = range(file, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr));
    return 1;
}

static int get_section(const elf *of, uint64_t index, Elf64_Shdr *section) {
    bytes at = part(of->sections, index * sizeof *section);
    if (left(&at) < sizeof *section) return 0;
    memcpy(section, at.place, sizeof *section);
    return 1;
}

static bytes contents(const elf *of, const Elf64_Shdr *section) {
    return section->sh_type == SHT_NOBITS ? range(of->file, 0, 0) : range(of->file, section->sh_offset, section->sh_size);
}

// Where the file begins, in the addresses that it counts with.
static uint64_t base(const elf *of) {
    Elf64_Phdr one;
    for (bytes at = of->parts; left(&at) >= sizeof one; at.place += sizeof one) {
        memcpy(&one, at.place, sizeof one);
        if (one.p_type == PT_LOAD) return one.p_vaddr - one.p_offset;
    }
    return 0;
}

// --- symbols -----------------------------------------------------------------------------------------------------------------
enum { LABEL_REACH = 4096 };

static void offer(target *to, const char *name, const Elf64_Sym *symbol) {
    if (symbol->st_size > 0) {
        if (symbol->st_value >= to->function_start) to->function_start = symbol->st_value;
        if (to->address - symbol->st_value >= symbol->st_size) return;
    }
    if (name == NULL || name[0] == 0) return;
    // One with a size around the place before one that begins before it, then the nearest, then one that others can see.
    int rank = symbol->st_size > 0 ? 4 : 0;
    if (ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL) rank += 2;
    if (ELF64_ST_BIND(symbol->st_info) == STB_WEAK) rank += 1;
    int is_better = to->symbol == NULL || rank / 4 > to->symbol_rank / 4
        || (rank / 4 == to->symbol_rank / 4
            && (symbol->st_value > to->symbol_start
                || (symbol->st_value == to->symbol_start
                    && (rank > to->symbol_rank || (rank == to->symbol_rank && strlen(name) < strlen(to->symbol))))));
    if (!is_better) return;
    to->symbol = name;
    to->symbol_start = symbol->st_value;
    to->symbol_rank = rank;
}

static int read_symbols(roost_code *code, const elf *of, uint32_t type) {
    Elf64_Shdr section, names;
    int found = 0;
    for (uint64_t index = 0; get_section(of, index, &section); index++) {
        if (section.sh_type != type || !get_section(of, section.sh_link, &names)) continue;
        bytes texts = contents(of, &names), at = contents(of, &section);
        Elf64_Sym symbol;
        for (; left(&at) >= sizeof symbol; at.place += sizeof symbol) {
            memcpy(&symbol, at.place, sizeof symbol);
            int kind = ELF64_ST_TYPE(symbol.st_info);
            if (symbol.st_shndx == SHN_UNDEF || (kind != STT_FUNC && kind != STT_GNU_IFUNC && kind != STT_NOTYPE)) continue;
            // Labels without a size, of assembler, reach far, but not over a function that has one.
            uint64_t end = symbol.st_value + (symbol.st_size > LABEL_REACH ? symbol.st_size : LABEL_REACH);
            for (uint32_t place = first_target(code, symbol.st_value);
                place < code->count && code->targets[place].address < end; place++) {
                offer(&code->targets[place], text_at(texts, symbol.st_name), &symbol);
            }
        }
        found = 1;
    }
    return found;
}

// The symbols that a distribution keeps apart, by the build id.
static void map_other(roost_code *code, const elf *of) {
    Elf64_Shdr section;
    for (uint64_t index = 0; get_section(of, index, &section); index++) {
        if (section.sh_type != SHT_NOTE) continue;
        bytes at = contents(of, &section);
        uint64_t name = fixed(&at, 4), size = fixed(&at, 4), type = fixed(&at, 4);
        if (type != NT_GNU_BUILD_ID || name != 4 || size < 2 || size > 32) continue;
        skip(&at, 4);
        if (left(&at) < size) continue;
        char path[128];
        int length = snprintf(path, sizeof path, "/usr/lib/debug/.build-id/%02x/", at.place[0]);
        for (uint64_t byte = 1; byte < size; byte++) length += sprintf(path + length, "%02x", at.place[byte]);
        strcpy(path + length, ".debug");
        map(path, &code->other);
        return;
    }
}

// --- sections with debug information -----------------------------------------------------------------------------------------
// 0 if this reader cannot read them.
static int find_sections(roost_code *code, const elf *of) {
    Elf64_Shdr names, section;
    if (!get_section(of, of->header->e_shstrndx, &names)) return 1;
    bytes texts = contents(of, &names);
    const struct { const char *name; bytes *to; } wanted[] = {
        {".debug_info", &code->info}, {".debug_abbrev", &code->abbreviations}, {".debug_line", &code->lines},
        {".debug_line_str", &code->line_texts}, {".debug_str", &code->texts}, {".debug_str_offsets", &code->text_offsets},
        {".debug_ranges", &code->ranges}, {".debug_rnglists", &code->range_lists}, {".debug_addr", &code->addresses},
    };
    for (uint64_t index = 0; get_section(of, index, &section); index++) {
        const char *name = text_at(texts, section.sh_name);
        if (name == NULL) continue;
        for (size_t entry = 0; entry < sizeof wanted / sizeof wanted[0]; entry++) {
            if (strcmp(name, wanted[entry].name) != 0) continue;
            if (section.sh_flags & SHF_COMPRESSED) return 0;
            *wanted[entry].to = contents(of, &section);
        }
    }
    return 1;
}

// --- the result ----------------------------------------------------------------------------------------------------------------
static int by_address(const void *one, const void *two) {
    uint64_t left = ((const target *)one)->address, right = ((const target *)two)->address;
    return left < right ? -1 : left > right;
}

static void make_frames(target *of) {
    of->frames = calloc(of->depth > 0 ? of->depth : 1, sizeof *of->frames);
    if (of->frames == NULL) return;
    const char *path = of->path;
    uint32_t line = of->line, column = of->column;
    for (uint32_t depth = of->depth; depth > 1; depth--) {
        const level *level = &of->levels[depth - 1];
        of->frames[of->count++] = (roost_code_frame){
            .name = level->name, .file = path, .line = line, .column = column, .is_inlined = 1};
        path = level->call_path;
        line = level->call_line;
        column = level->call_column;
    }
    if (of->symbol_rank < 4 && of->symbol_start < of->function_start) of->symbol = NULL;
    const char *name = of->symbol != NULL ? of->symbol : of->depth > 0 ? of->levels[0].name : NULL;
    of->frames[of->count++] = (roost_code_frame){
        .name = name, .file = path, .line = line, .column = column, .has_offset = of->symbol != NULL,
        .offset = of->address - of->symbol_start};
}

roost_code *roost_code_find(const char *path, const uint64_t *offsets, uint32_t count) {
    roost_code *code = calloc(1, sizeof *code);
    if (code == NULL) return NULL;
    code->targets = calloc(count + 1, sizeof *code->targets);
    code->by_index = calloc(count + 1, sizeof *code->by_index);
    elf file, other;
    if (code->targets == NULL || code->by_index == NULL || !map(path, &code->file) || !read_elf(&code->file, &file)
        || !find_sections(code, &file)) {
        roost_code_free(code);
        return NULL;
    }
    code->count = count;
    for (uint32_t index = 0; index < count; index++) {
        code->targets[index].address = base(&file) + offsets[index];
        code->targets[index].index = index;
    }
    qsort(code->targets, count, sizeof *code->targets, by_address);
    for (uint32_t place = 0; place < count; place++) code->by_index[code->targets[place].index] = place;
    if (!read_symbols(code, &file, SHT_SYMTAB)) {
        map_other(code, &file);
        if (code->other.memory != NULL && read_elf(&code->other, &other)) read_symbols(code, &other, SHT_SYMTAB);
        read_symbols(code, &file, SHT_DYNSYM);
    }
    read_debug_information(code);
    for (uint32_t place = 0; place < count; place++) make_frames(&code->targets[place]);
    return code;
}

uint32_t roost_code_count(const roost_code *code, uint32_t place) { return code->targets[code->by_index[place]].count; }

const roost_code_frame *roost_code_frame_at(const roost_code *code, uint32_t place, uint32_t frame) {
    return &code->targets[code->by_index[place]].frames[frame];
}

void roost_code_free(roost_code *code) {
    for (uint32_t place = 0; place < code->count; place++) free(code->targets[place].frames);
    for (struct made *made = code->made; made != NULL;) {
        struct made *next = made->next;
        free(made);
        made = next;
    }
    free(code->targets);
    free(code->by_index);
    unmap(&code->file);
    unmap(&code->other);
    free(code);
}

// --- names -----------------------------------------------------------------------------------------------------------------------
// What the runtime's own backtraces call a function. It declares them in no header; a runtime without them gives names as they are.
extern char *_swift_backtrace_demangle(const char *name, size_t length, char *text, size_t *room) __attribute__((weak));
extern _Bool _swift_backtrace_isThunkFunction(const char *name) __attribute__((weak));

size_t roost_code_readable(const char *name, char *text, size_t room) {
    if (_swift_backtrace_demangle == NULL || room == 0) return 0;
    size_t length = room;
    if (_swift_backtrace_demangle(name, strlen(name), text, &length) == NULL) return 0;
    text[room - 1] = 0;
    return strlen(text);
}

int roost_code_is_thunk(const char *name) {
    return _swift_backtrace_isThunkFunction != NULL && _swift_backtrace_isThunkFunction(name);
}
