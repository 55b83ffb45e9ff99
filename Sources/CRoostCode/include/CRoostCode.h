// Which functions, files and lines lie at places of a program or library: from its symbols and its debug information (DWARF 4 and 5). Reads only
// what the places ask for; the symboliser of Swift's runtime reads all of it, at some 8 ms for each 100 KB.
#ifndef CROOST_CODE_H
#define CROOST_CODE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    // As the linker or the compiler knows it; NULL without one.
    const char *_Nullable name;
    const char *_Nullable file;  // NULL without debug information
    uint32_t line, column;
    uint32_t is_inlined;  // into the next one
    uint32_t has_offset;
    uint64_t offset;  // of the place from the function's start
} roost_code_frame;

typedef struct roost_code roost_code;

// Looks up places of a file: offsets from where its beginning is in memory; of the call's address, not of the return's. NULL if this reader
// cannot say: no such file, or what is in it is compressed, or of another machine. A damaged one gives less, or nothing, and does no harm. One that
// is cut short while it is read does: its rest is mapped, and gone. (Linkers and package managers replace files; they do not write into them.)
roost_code *_Nullable roost_code_find(const char *_Nonnull path, const uint64_t *_Nonnull offsets, uint32_t count);
// How many functions are at a place, the innermost first; several where functions were inlined.
uint32_t roost_code_count(const roost_code *_Nonnull code, uint32_t place);
const roost_code_frame *_Nonnull roost_code_frame_at(const roost_code *_Nonnull code, uint32_t place, uint32_t frame);
void roost_code_free(roost_code *_Nonnull code);

// A name as a person reads it, ended by a zero and cut to the room; 0 if it is none that was changed by a compiler.
size_t roost_code_readable(const char *_Nonnull name, char *_Nonnull text, size_t room);
// 1 for a function that the compiler made to call another one.
int roost_code_is_thunk(const char *_Nonnull name);

#endif
