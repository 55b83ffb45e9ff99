#include "reader.h"

// See "DWARF Debugging Information Format", versions 4 and 5: chapter 6.2.
enum { form_string = 0x08, form_block = 0x09, form_block1 = 0x0A, form_udata = 0x0F, form_strp = 0x0E, form_line_strp = 0x1F,
    form_strx = 0x1A, form_strx1 = 0x25, form_strx4 = 0x28, form_data1 = 0x0B, form_data2 = 0x05, form_data4 = 0x06, form_data8 = 0x07,
    form_data16 = 0x1E };

const char *text_of_form(const roost_code *code, uint64_t form, uint64_t number, uint64_t offsets_base, size_t offset_size) {
    if (form == form_strx || (form >= form_strx1 && form <= form_strx4)) {
        bytes at = part(code->text_offsets, offsets_base + number * offset_size);
        return text_at(code->texts, fixed(&at, offset_size));
    }
    if (form == form_strp) return text_at(code->texts, number);
    return form == form_line_strp ? text_at(code->line_texts, number) : NULL;
}

typedef struct {
    const char *name;
    uint64_t folder;
} file;

typedef struct {
    file *items;
    uint32_t count, room;
} files;

static void add(files *to, file item) {
    if (to->count == to->room) {
        uint32_t room = to->room * 2 + 32;
        file *more = realloc(to->items, room * sizeof *more);
        if (more == NULL) return;
        to->items = more;
        to->room = room;
    }
    to->items[to->count++] = item;
}

typedef struct {
    roost_code *code;
    const line_program *program;
    uint32_t version;
    size_t offset_size;
    uint8_t instruction_length, default_statement, range;
    int8_t base;
    uint8_t first_opcode;
    uint8_t lengths[256];
    files folders, files;
    bytes instructions;
} table;

static file read_item(table *of, bytes *from, const uint64_t (*format)[2], uint64_t fields) {
    file found = {0};
    for (uint64_t field = 0; field < fields; field++) {
        uint64_t kind = format[field][0], form = format[field][1], number = 0;
        const char *name = NULL;
        switch (form) {
            case form_string: name = text(from); break;
            case form_data1: case form_strx1: number = fixed(from, 1); break;
            case form_data2: case form_strx1 + 1: number = fixed(from, 2); break;
            case form_strx1 + 2: number = fixed(from, 3); break;
            case form_data4: case form_strx4: number = fixed(from, 4); break;
            case form_data8: number = fixed(from, 8); break;
            case form_data16: skip(from, 16); break;
            case form_udata: case form_strx: number = unsigned_number(from); break;
            case form_strp: case form_line_strp: number = fixed(from, of->offset_size); break;
            case form_block: skip(from, unsigned_number(from)); break;
            case form_block1: skip(from, fixed(from, 1)); break;
            default: stop(from);
        }
        if (name == NULL) {
            name = text_of_form(of->code, form, number, of->program->text_offsets_base, of->program->offset_size);
        }
        if (kind == 1) found.name = name;
        if (kind == 2) found.folder = number;
    }
    return found;
}

static void read_items(table *of, bytes *from, files *to) {
    uint64_t format[256][2], fields = fixed(from, 1);
    for (uint64_t field = 0; field < fields; field++) {
        format[field][0] = unsigned_number(from);
        format[field][1] = unsigned_number(from);
    }
    uint64_t count = unsigned_number(from);
    // An item without a field takes no room: there would be no end of them.
    for (uint64_t item = 0; fields > 0 && item < count && left(from) > 0; item++) add(to, read_item(of, from, format, fields));
}

static int read_header(table *of) {
    bytes from = part(of->code->lines, of->program->offset);
    of->offset_size = 4;
    uint64_t length = fixed(&from, 4);
    if (length == 0xFFFFFFFF) {
        of->offset_size = 8;
        length = fixed(&from, 8);
    }
    if (length < left(&from)) from.end = from.place + length;
    of->version = (uint32_t)fixed(&from, 2);
    if (of->version < 2 || of->version > 5) return 0;
    if (of->version >= 5) skip(&from, 2);
    uint64_t header = fixed(&from, of->offset_size);
    of->instructions = part(from, header);
    of->instruction_length = (uint8_t)fixed(&from, 1);
    if (of->version >= 4) skip(&from, 1);
    of->default_statement = (uint8_t)fixed(&from, 1);
    of->base = (int8_t)fixed(&from, 1);
    of->range = (uint8_t)fixed(&from, 1);
    of->first_opcode = (uint8_t)fixed(&from, 1);
    if (of->range == 0 || of->first_opcode == 0) return 0;
    for (unsigned opcode = 1; opcode < of->first_opcode; opcode++) of->lengths[opcode] = (uint8_t)fixed(&from, 1);
    if (of->version >= 5) {
        read_items(of, &from, &of->folders);
        read_items(of, &from, &of->files);
        return 1;
    }
    // From 1 on; 0 is the unit's own folder, and no file.
    add(&of->folders, (file){.name = of->program->folder});
    add(&of->files, (file){0});
    const char *name;
    while ((name = text(&from)) != NULL && name[0] != 0) add(&of->folders, (file){.name = name});
    while ((name = text(&from)) != NULL && name[0] != 0) {
        uint64_t folder = unsigned_number(&from);
        unsigned_number(&from);
        unsigned_number(&from);
        add(&of->files, (file){name, folder});
    }
    return 1;
}

// --- paths -----------------------------------------------------------------------------------------------------------------------
static const char *join(roost_code *code, const char *folder, const char *name) {
    if (name == NULL || name[0] == '/' || folder == NULL || folder[0] == 0) return name;
    size_t size = strlen(folder) + strlen(name) + 2;
    struct made *made = malloc(sizeof *made + size);
    if (made == NULL) return name;
    made->next = code->made;
    code->made = made;
    strcpy(made->text, folder);
    strcat(made->text, "/");
    strcat(made->text, name);
    return made->text;
}

static const char *path_of(const table *of, uint32_t number) {
    if (number >= of->files.count) return NULL;
    const file *file = &of->files.items[number];
    const char *folder = file->folder < of->folders.count ? of->folders.items[file->folder].name : NULL;
    if (file->name == NULL || file->name[0] == '/') return file->name;
    return join(of->code, join(of->code, of->program->folder, folder), file->name);
}

// --- the program -----------------------------------------------------------------------------------------------------------------
typedef struct {
    uint64_t address;
    uint32_t file, line, column;
} row;

// The code from one row to the next belongs to the first.
static void emit(table *of, const row *from, uint64_t end) {
    roost_code *code = of->code;
    for (uint32_t place = first_target(code, from->address); place < code->count && code->targets[place].address < end; place++) {
        target *target = &code->targets[place];
        if (target->unit != of->program->unit || target->has_line) continue;
        target->has_line = 1;
        target->line = from->line;
        target->column = from->column;
        target->path = path_of(of, from->file);
    }
}

static void run(table *of) {
    const row start = {.file = 1, .line = 1};
    row now = start, last = start;
    int has_last = 0;
    bytes from = of->instructions;
    while (left(&from) > 0) {
        uint8_t opcode = (uint8_t)fixed(&from, 1);
        int is_row = 0, is_end = 0;
        if (opcode >= of->first_opcode) {
            unsigned adjusted = opcode - of->first_opcode;
            now.address += (uint64_t)(adjusted / of->range) * of->instruction_length;
            now.line += (uint32_t)(of->base + (int)(adjusted % of->range));
            is_row = 1;
        } else if (opcode == 0) {
            uint64_t length = unsigned_number(&from);
            bytes rest = from;
            skip(&from, length);
            if (length == 0) continue;
            uint8_t extended = (uint8_t)fixed(&rest, 1);
            if (extended == 1) is_row = is_end = 1;
            if (extended == 2) now.address = fixed(&rest, length - 1 <= 8 ? length - 1 : 8);
        } else {
            switch (opcode) {
                case 1: is_row = 1; break;
                case 2: now.address += unsigned_number(&from) * of->instruction_length; break;
                case 3: now.line += (uint32_t)signed_number(&from); break;
                case 4: now.file = (uint32_t)unsigned_number(&from); break;
                case 5: now.column = (uint32_t)unsigned_number(&from); break;
                case 8: now.address += (uint64_t)((255 - of->first_opcode) / of->range) * of->instruction_length; break;
                case 9: now.address += fixed(&from, 2); break;
                default:
                    for (uint8_t argument = 0; argument < of->lengths[opcode]; argument++) unsigned_number(&from);
            }
        }
        if (!is_row) continue;
        if (has_last && last.address < now.address) emit(of, &last, now.address);
        last = now;
        has_last = !is_end;
        if (is_end) now = start;
    }
}

void read_lines(roost_code *code, const line_program *program) {
    table table = {.code = code, .program = program};
    if (read_header(&table)) {
        run(&table);
        for (uint32_t place = 0; place < code->count; place++) {
            target *target = &code->targets[place];
            if (target->unit != program->unit) continue;
            for (uint32_t depth = 1; depth < target->depth; depth++) {
                target->levels[depth].call_path = path_of(&table, target->levels[depth].call_file);
            }
        }
    }
    free(table.folders.items);
    free(table.files.items);
}
