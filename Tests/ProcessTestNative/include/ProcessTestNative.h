// What a native library can do to its process, for the tests of the process pool.
#ifndef PROCESS_TEST_NATIVE_H
#define PROCESS_TEST_NATIVE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Throws a C++ exception that nobody catches.
void native_throw(void);
// Asks for memory, does not ask whether there was any, and writes to it.
void native_write_without_asking(unsigned long size);
// No compiler knows what it does with the memory: an allocation for it is not left out.
void native_use(void *memory);
// fork(2), which Swift does not have.
int native_fork(void);
// Calls abort, without a word.
void native_abort(void);
// Uses up the stack of a thread that knows nothing of Swift, and has no other stack for signals unless `has_alternate`.
void native_overflow_on_thread(int has_alternate);
// What a debugger stops at: where there is none a signal, after which the next instruction would follow.
void native_debugger_trap(void);
// Calls `body` on so many threads at the same moment, and waits for them.
void native_at_once(int count, void (*body)(void));
// Calls `body` on a thread that nobody waits for.
void native_on_another_thread(void (*body)(void));
// Writes a word that others read at the same time, as a worker writes into the memory that it shares.
void native_store_time(int64_t *place, int64_t time);
void native_store_state(uint32_t *place, uint32_t state);

#ifdef __cplusplus
}
#endif
#endif
