// What the parts of the reader share.
#ifndef ROOST_CODE_READER_H
#define ROOST_CODE_READER_H

#include <stdlib.h>
#include <string.h>

#include "CRoostCode.h"

// --- bytes that may be anything: who reads past the end gets zeros ---------------------------------------------------------
typedef struct {
    const uint8_t *place, *end;
} bytes;

static inline size_t left(const bytes *from) { return (size_t)(from->end - from->place); }
static inline void stop(bytes *from) { from->place = from->end; }

static inline uint64_t fixed(bytes *from, size_t size) {
    uint64_t value = 0;
    if (left(from) < size) return stop(from), 0;
    memcpy(&value, from->place, size);
    from->place += size;
    return value;
}

static inline void skip(bytes *from, uint64_t size) {
    if (left(from) < size) stop(from);
    else from->place += size;
}

static inline uint64_t unsigned_number(bytes *from) {
    uint64_t value = 0;
    for (unsigned shift = 0; from->place < from->end; shift += 7) {
        uint8_t byte = *from->place++;
        if (shift < 64) value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) break;
    }
    return value;
}

static inline int64_t signed_number(bytes *from) {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte = 0;
    while (from->place < from->end) {
        byte = *from->place++;
        if (shift < 64) value |= (uint64_t)(byte & 0x7F) << shift;
        shift += 7;
        if (!(byte & 0x80)) break;
    }
    if (shift < 64 && (byte & 0x40)) value |= ~(uint64_t)0 << shift;
    return (int64_t)value;
}

// A text that ends within its section; NULL if it does not.
static inline const char *text_at(bytes section, uint64_t offset) {
    if (offset >= left(&section)) return NULL;
    const char *text = (const char *)section.place + offset;
    return memchr(text, 0, left(&section) - offset) != NULL ? text : NULL;
}

static inline const char *text(bytes *from) {
    const char *found = text_at(*from, 0);
    if (found == NULL) return stop(from), NULL;
    from->place += strlen(found) + 1;
    return found;
}

static inline bytes part(bytes section, uint64_t offset) {
    skip(&section, offset);
    return section;
}

// --- the file --------------------------------------------------------------------------------------------------------------
typedef struct {
    const char *name;
    uint32_t call_file, call_line, call_column;
    const char *call_path;
} level;

typedef struct {
    uint64_t address;  // as the file counts
    uint32_t index;    // what the caller calls it
    uint32_t unit;     // of the debug information; 0 for none
    const char *symbol;
    uint64_t symbol_start;
    int symbol_rank;
    uint64_t function_start;  // of the last function with a size that begins before the address, wherever it ends
    // The function, and those inlined there, from the outside in.
    level levels[32];
    uint32_t depth;
    uint32_t line, column, has_line;
    const char *path;
    uint32_t count;
    roost_code_frame *frames;
} target;

typedef struct {
    void *memory;
    size_t size;
} mapping;

struct roost_code {
    mapping file, other;  // the other one has the symbols, if the first has not
    bytes info, abbreviations, lines, line_texts, texts, text_offsets, ranges, range_lists, addresses;
    uint32_t count;
    target *targets;     // by address
    uint32_t *by_index;  // in the caller's order
    struct made { struct made *next; char text[]; } *made;
};

// The first target at or after an address.
static inline uint32_t first_target(const roost_code *code, uint64_t address) {
    uint32_t low = 0, high = code->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (code->targets[middle].address < address) low = middle + 1;
        else high = middle;
    }
    return low;
}

void read_debug_information(roost_code *code);

typedef struct {
    uint32_t unit;
    uint64_t offset;  // in .debug_lines
    const char *folder;
    uint64_t text_offsets_base;
    size_t offset_size;
} line_program;
// The lines of a unit's places, and the files of the calls around them.
void read_lines(roost_code *code, const line_program *program);

// A text of one of the sections, by a form that speaks of one. NULL for others.
const char *text_of_form(const roost_code *code, uint64_t form, uint64_t number, uint64_t offsets_base, size_t offset_size);

#endif
