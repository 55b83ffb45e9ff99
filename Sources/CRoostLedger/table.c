#include "CRoostLedger.h"

// What a handler of a signal calls lies in this file: it calls nothing.

roost_ledger roost_ledger_memory;

const roost_ledger *roost_ledger_table(void) {
    return &roost_ledger_memory;
}

const char *roost_ledger_place(uint64_t site, uint32_t *line) {
    if (line != NULL) *line = (uint32_t)(site & 0xFFFF);
    return (const char *)(uintptr_t)(site >> 16);
}
