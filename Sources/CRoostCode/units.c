#include "reader.h"

// See "DWARF Debugging Information Format", versions 4 and 5: chapter 7 for the numbers.
enum {
    tag_inlined = 0x1D, tag_subprogram = 0x2E,
    at_name = 0x03, at_lines = 0x10, at_low = 0x11, at_high = 0x12, at_folder = 0x1B, at_origin = 0x31, at_specification = 0x47,
    at_ranges = 0x55, at_call_column = 0x57, at_call_file = 0x58, at_call_line = 0x59, at_linkage = 0x6E,
    at_text_offsets = 0x72, at_addresses = 0x73, at_range_lists = 0x74, at_mips_linkage = 0x2007,
    form_address = 0x01, form_block2 = 0x03, form_block4 = 0x04, form_data2 = 0x05, form_data4 = 0x06, form_data8 = 0x07,
    form_string = 0x08, form_block = 0x09, form_block1 = 0x0A, form_data1 = 0x0B, form_flag = 0x0C, form_sdata = 0x0D,
    form_strp = 0x0E, form_udata = 0x0F, form_ref_addr = 0x10, form_ref1 = 0x11, form_ref2 = 0x12, form_ref4 = 0x13,
    form_ref8 = 0x14, form_ref_udata = 0x15, form_indirect = 0x16, form_sec_offset = 0x17, form_exprloc = 0x18,
    form_present = 0x19, form_strx = 0x1A, form_addrx = 0x1B, form_ref_sup4 = 0x1C, form_strp_sup = 0x1D, form_data16 = 0x1E,
    form_line_strp = 0x1F, form_ref_sig8 = 0x20, form_implicit = 0x21, form_loclistx = 0x22, form_rnglistx = 0x23,
    form_ref_sup8 = 0x24, form_strx1 = 0x25, form_strx4 = 0x28, form_addrx1 = 0x29, form_addrx4 = 0x2C,
    form_gnu_ref_alt = 0x1F20, form_gnu_strp_alt = 0x1F21,
};

typedef struct {
    uint64_t form, number;
    const char *text;
} value;

typedef struct {
    value name, linkage, low, high, ranges, origin, call_file, call_line, call_column, lines, folder, text_offsets, addresses,
        range_lists;
} entry;

typedef struct {
    uint64_t start, end;  // in .debug_info
    bytes entries;
    uint64_t abbreviations, low;
    uint64_t text_offsets, addresses, range_lists;
    size_t address_size, offset_size;
    uint32_t version;
    entry root;
} unit;

// One description of entries: what they are, and which values they have.
typedef struct {
    uint64_t tag;
    int has_children;
    bytes attributes;
} shape;

typedef struct {
    roost_code *code;
    unit *units;
    uint32_t count;
    shape *shapes;  // of the unit that is read, by their codes
    uint32_t shape_room;
} reading;

// --- values ------------------------------------------------------------------------------------------------------------------
static value read_value(uint64_t form, int64_t implicit, const unit *of, bytes *from) {
    value found = {.form = form};
    while (found.form == form_indirect && left(from) > 0) found.form = unsigned_number(from);
    switch (found.form) {
        case form_address: found.number = fixed(from, of->address_size); break;
        case form_data1: case form_ref1: case form_flag: case form_strx1: case form_addrx1: found.number = fixed(from, 1); break;
        case form_data2: case form_ref2: case form_strx1 + 1: case form_addrx1 + 1: found.number = fixed(from, 2); break;
        case form_strx1 + 2: case form_addrx1 + 2: found.number = fixed(from, 3); break;
        case form_data4: case form_ref4: case form_strx4: case form_addrx4: case form_ref_sup4: found.number = fixed(from, 4); break;
        case form_data8: case form_ref8: case form_ref_sig8: case form_ref_sup8: found.number = fixed(from, 8); break;
        case form_data16: skip(from, 16); break;
        case form_string: found.text = text(from); break;
        case form_sdata: found.number = (uint64_t)signed_number(from); break;
        case form_udata: case form_ref_udata: case form_strx: case form_addrx: case form_loclistx: case form_rnglistx:
            found.number = unsigned_number(from);
            break;
        case form_strp: case form_line_strp: case form_sec_offset: case form_strp_sup: case form_gnu_ref_alt: case form_gnu_strp_alt:
            found.number = fixed(from, of->offset_size);
            break;
        case form_ref_addr: found.number = fixed(from, of->version < 3 ? of->address_size : of->offset_size); break;
        case form_block1: skip(from, fixed(from, 1)); break;
        case form_block2: skip(from, fixed(from, 2)); break;
        case form_block4: skip(from, fixed(from, 4)); break;
        case form_block: case form_exprloc: skip(from, unsigned_number(from)); break;
        case form_present: found.number = 1; break;
        case form_implicit: found.number = (uint64_t)implicit; break;
        default: stop(from);
    }
    return found;
}

static const char *text_of(const roost_code *code, const unit *of, const value *from) {
    if (from->text != NULL) return from->text;
    return text_of_form(code, from->form, from->number, of->text_offsets, of->offset_size);
}

static uint64_t indexed_address(const roost_code *code, const unit *of, uint64_t index) {
    bytes at = part(code->addresses, of->addresses + index * of->address_size);
    return fixed(&at, of->address_size);
}

static int is_indexed_address(uint64_t form) {
    return form == form_addrx || (form >= form_addrx1 && form <= form_addrx4);
}

static uint64_t address_of(const roost_code *code, const unit *of, const value *from) {
    return is_indexed_address(from->form) ? indexed_address(code, of, from->number) : from->number;
}

// --- entries -------------------------------------------------------------------------------------------------------------------
static shape read_shape(bytes *from) {
    shape found = {.tag = unsigned_number(from)};
    found.has_children = (int)fixed(from, 1);
    found.attributes = *from;
    while (left(from) > 0) {
        uint64_t attribute = unsigned_number(from), form = unsigned_number(from);
        if (form == form_implicit) signed_number(from);
        if (attribute == 0 && form == 0) break;
    }
    found.attributes.end = from->place;
    return found;
}

// The shape of a code in a unit that is not the one being read.
static int find_shape(const roost_code *code, const unit *of, uint64_t wanted, shape *to) {
    for (bytes from = part(code->abbreviations, of->abbreviations); left(&from) > 0;) {
        uint64_t number = unsigned_number(&from);
        if (number == 0) return 0;
        *to = read_shape(&from);
        if (number == wanted) return 1;
    }
    return 0;
}

static int read_shapes(reading *state, const unit *of) {
    memset(state->shapes, 0, state->shape_room * sizeof *state->shapes);
    for (bytes from = part(state->code->abbreviations, of->abbreviations); left(&from) > 0;) {
        uint64_t number = unsigned_number(&from);
        if (number == 0) break;
        if (number >= 1 << 20) return 0;
        if (number >= state->shape_room) {
            uint32_t room = (uint32_t)number * 2 + 64;
            shape *more = realloc(state->shapes, room * sizeof *more);
            if (more == NULL) return 0;
            memset(more + state->shape_room, 0, (room - state->shape_room) * sizeof *more);
            state->shapes = more;
            state->shape_room = room;
        }
        state->shapes[number] = read_shape(&from);
    }
    return 1;
}

static value *field(entry *of, uint64_t attribute) {
    switch (attribute) {
        case at_name: return &of->name;
        case at_linkage: case at_mips_linkage: return &of->linkage;
        case at_low: return &of->low;
        case at_high: return &of->high;
        case at_ranges: return &of->ranges;
        case at_origin: case at_specification: return &of->origin;
        case at_call_file: return &of->call_file;
        case at_call_line: return &of->call_line;
        case at_call_column: return &of->call_column;
        case at_lines: return &of->lines;
        case at_folder: return &of->folder;
        case at_text_offsets: return &of->text_offsets;
        case at_addresses: return &of->addresses;
        case at_range_lists: return &of->range_lists;
        default: return NULL;
    }
}

// The values of an entry; without a place for them they are passed over.
static void read_entry(const shape *as, const unit *of, bytes *from, entry *to) {
    for (bytes attributes = as->attributes; left(&attributes) > 0;) {
        uint64_t attribute = unsigned_number(&attributes), form = unsigned_number(&attributes);
        int64_t implicit = form == form_implicit ? signed_number(&attributes) : 0;
        if (attribute == 0 && form == 0) return;
        value found = read_value(form, implicit, of, from);
        value *place = to != NULL ? field(to, attribute) : NULL;
        if (place != NULL) *place = found;
    }
}

// --- ranges ----------------------------------------------------------------------------------------------------------------------
typedef void (*visit)(target *target, void *context);

static void visit_range(roost_code *code, uint64_t low, uint64_t high, visit visit, void *context) {
    for (uint32_t place = first_target(code, low); place < code->count && code->targets[place].address < high; place++) {
        visit(&code->targets[place], context);
    }
}

static void visit_old_ranges(roost_code *code, const unit *of, uint64_t offset, visit visit, void *context) {
    uint64_t start = of->low;
    for (bytes from = part(code->ranges, offset); left(&from) > 0;) {
        uint64_t low = fixed(&from, of->address_size), high = fixed(&from, of->address_size);
        if (low == 0 && high == 0) return;
        if (low == (of->address_size == 8 ? ~0ULL : 0xFFFFFFFFULL)) start = high;
        else visit_range(code, start + low, start + high, visit, context);
    }
}

static void visit_range_list(roost_code *code, const unit *of, uint64_t offset, visit visit, void *context) {
    uint64_t start = of->low;
    for (bytes from = part(code->range_lists, offset); left(&from) > 0;) {
        uint64_t kind = fixed(&from, 1), low, high;
        switch (kind) {
            case 0: return;
            case 1: start = indexed_address(code, of, unsigned_number(&from)); continue;
            case 2:
                low = indexed_address(code, of, unsigned_number(&from));
                high = indexed_address(code, of, unsigned_number(&from));
                break;
            case 3: low = indexed_address(code, of, unsigned_number(&from)), high = low + unsigned_number(&from); break;
            case 4: low = start + unsigned_number(&from), high = start + unsigned_number(&from); break;
            case 5: start = fixed(&from, of->address_size); continue;
            case 6: low = fixed(&from, of->address_size), high = fixed(&from, of->address_size); break;
            case 7: low = fixed(&from, of->address_size), high = low + unsigned_number(&from); break;
            default: return;
        }
        visit_range(code, low, high, visit, context);
    }
}

// The places within an entry's code.
static void visit_targets(roost_code *code, const unit *of, const entry *entry, visit visit, void *context) {
    if (entry->ranges.form == form_rnglistx) {
        bytes at = part(code->range_lists, of->range_lists + entry->ranges.number * of->offset_size);
        visit_range_list(code, of, of->range_lists + fixed(&at, of->offset_size), visit, context);
    } else if (entry->ranges.form != 0) {
        if (of->version >= 5) visit_range_list(code, of, entry->ranges.number, visit, context);
        else visit_old_ranges(code, of, entry->ranges.number, visit, context);
    } else if (entry->low.form != 0 && entry->high.form != 0) {
        uint64_t low = address_of(code, of, &entry->low), high = address_of(code, of, &entry->high);
        if (entry->high.form != form_address && !is_indexed_address(entry->high.form)) high += low;
        visit_range(code, low, high, visit, context);
    }
}

// --- names -----------------------------------------------------------------------------------------------------------------------
static const unit *unit_at(const reading *state, uint64_t offset) {
    uint32_t low = 0, high = state->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (state->units[middle].end <= offset) low = middle + 1;
        else high = middle;
    }
    return low < state->count && state->units[low].start <= offset ? &state->units[low] : NULL;
}

// The linker's name if there is one, also that of the function that an entry is a copy of.
static const char *name_of(const reading *state, const unit *of, const entry *from) {
    entry current = *from;
    const char *name = NULL;
    for (int step = 0; step < 6; step++) {
        const char *linkage = text_of(state->code, of, &current.linkage);
        if (linkage != NULL) return linkage;
        if (name == NULL) name = text_of(state->code, of, &current.name);
        if (current.origin.form == 0) return name;
        uint64_t offset = current.origin.number + (current.origin.form == form_ref_addr ? 0 : of->start);
        of = unit_at(state, offset);
        if (of == NULL || offset < of->start) return name;
        bytes at = part(state->code->info, offset);
        shape shape;
        uint64_t number = unsigned_number(&at);
        if (!find_shape(state->code, of, number, &shape)) return name;
        memset(&current, 0, sizeof current);
        read_entry(&shape, of, &at, &current);
    }
    return name;
}

// --- units -----------------------------------------------------------------------------------------------------------------------
static int read_header(bytes *from, const bytes *all, unit *to) {
    memset(to, 0, sizeof *to);
    to->start = (uint64_t)(from->place - all->place);
    to->offset_size = 4;
    uint64_t length = fixed(from, 4);
    if (length == 0xFFFFFFFF) {
        to->offset_size = 8;
        length = fixed(from, 8);
    }
    if (length > left(from)) length = left(from);
    bytes rest = {from->place, from->place + length};
    to->end = (uint64_t)(rest.end - all->place);
    from->place = rest.end;
    to->version = (uint32_t)fixed(&rest, 2);
    uint64_t kind = 1;
    if (to->version >= 5) {
        kind = fixed(&rest, 1);
        to->address_size = fixed(&rest, 1);
        to->abbreviations = fixed(&rest, to->offset_size);
    } else {
        to->abbreviations = fixed(&rest, to->offset_size);
        to->address_size = fixed(&rest, 1);
    }
    to->entries = rest;
    // Units of code alone, no types, of the versions that are known.
    return to->version >= 2 && to->version <= 5 && (kind == 1 || kind == 3) && to->address_size >= 4 && to->address_size <= 8;
}

static void mark(target *target, void *context) {
    uint32_t number = *(const uint32_t *)context;
    if (target->unit == 0) target->unit = number;
}

struct nesting {
    const char *name;
    const entry *entry;
    int is_function;
    uint32_t unit;
};

static void nest(target *target, void *context) {
    const struct nesting *in = context;
    if (target->unit != in->unit) return;
    if (in->is_function) target->depth = 0;
    else if (target->depth == 0) return;
    if (target->depth == sizeof target->levels / sizeof target->levels[0]) return;
    target->levels[target->depth++] = (level){
        .name = in->name, .call_file = (uint32_t)in->entry->call_file.number,
        .call_line = (uint32_t)in->entry->call_line.number, .call_column = (uint32_t)in->entry->call_column.number};
}

static void count(target *target, void *context) {
    (void)target;
    ++*(uint32_t *)context;
}

// Functions and what was inlined into them stand in the order of their nesting.
static void read_functions(reading *state, const unit *of, uint32_t number) {
    if (!read_shapes(state, of)) return;
    bytes from = of->entries;
    while (left(&from) > 0) {
        uint64_t code = unsigned_number(&from);
        if (code == 0) continue;
        if (code >= state->shape_room || state->shapes[code].tag == 0) return;
        const shape *shape = &state->shapes[code];
        if (shape->tag != tag_subprogram && shape->tag != tag_inlined) {
            read_entry(shape, of, &from, NULL);
            continue;
        }
        entry entry;
        memset(&entry, 0, sizeof entry);
        read_entry(shape, of, &from, &entry);
        uint32_t places = 0;
        visit_targets(state->code, of, &entry, count, &places);
        if (places == 0) continue;
        struct nesting nesting = {name_of(state, of, &entry), &entry, shape->tag == tag_subprogram, number};
        visit_targets(state->code, of, &entry, nest, &nesting);
    }
}

static void read_root(const reading *state, unit *of) {
    bytes from = of->entries;
    shape shape;
    if (!find_shape(state->code, of, unsigned_number(&from), &shape)) return;
    entry *root = &of->root;
    read_entry(&shape, of, &from, root);
    of->text_offsets = root->text_offsets.form != 0 ? root->text_offsets.number : 2 * of->offset_size;
    of->addresses = root->addresses.number;
    of->range_lists = root->range_lists.number;
    of->low = address_of(state->code, of, &root->low);
}

static void read_unit(reading *state, const unit *of, uint32_t number) {
    const entry *root = &of->root;
    uint32_t places = 0;
    visit_targets(state->code, of, root, count, &places);
    if (places == 0) return;
    visit_targets(state->code, of, root, mark, &number);
    read_functions(state, of, number);
    if (root->lines.form == 0) return;
    line_program program = {
        .unit = number, .offset = root->lines.number, .folder = text_of(state->code, of, &root->folder),
        .text_offsets_base = of->text_offsets, .offset_size = of->offset_size};
    read_lines(state->code, &program);
}

void read_debug_information(roost_code *code) {
    reading state = {.code = code};
    uint32_t room = 0;
    for (bytes from = code->info; left(&from) > 0;) {
        unit unit;
        if (!read_header(&from, &code->info, &unit)) continue;
        if (state.count == room) {
            room = room * 2 + 64;
            void *more = realloc(state.units, room * sizeof unit);
            if (more == NULL) break;
            state.units = more;
        }
        state.units[state.count++] = unit;
    }
    // A function may be a copy of one in a later unit.
    for (uint32_t index = 0; index < state.count; index++) read_root(&state, &state.units[index]);
    for (uint32_t index = 0; index < state.count; index++) read_unit(&state, &state.units[index], index + 1);
    free(state.units);
    free(state.shapes);
}
