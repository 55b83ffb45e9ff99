// The small parent of a program that runs as its own child (supervise.c). One thread, and nothing but what is here.
#ifndef CROOST_SUPERVISOR_H
#define CROOST_SUPERVISOR_H

#include <stddef.h>
#include <stdint.h>

// What the parent tells the child in its environment: PARENT:DESCRIPTOR:MODE:COUNT. The child takes it out at once.
#define ROOST_SUPERVISED_VARIABLE "ROOST_SUPERVISED"

typedef struct {
    char *_Nullable *_Nonnull arguments;
    int32_t mode;   // for the child, as it stands
    int32_t count;  // of the starts before
    // Whether another child may follow: else the parent closes what the child alone needs.
    int32_t keeps_descriptors;
} roost_supervise_request;

typedef struct {
    int32_t process;
    int32_t status;    // as waitpid stores it
    int64_t began_ns;  // since 1970
} roost_supervise_result;

// Starts this program once more and waits for its end. Meanwhile it copies what the child prints on standard error, sends it the signals that
// others sent to this process, and stops and goes on with it. 0; an errno when there was no child, and then everything is as before.
int roost_supervise(const roost_supervise_request *_Nonnull request, roost_supervise_result *_Nonnull result);
// The last that the child printed on standard error, at most so many bytes; how many there were in all.
uint64_t roost_supervised_output(char *_Nonnull bytes, size_t size, size_t *_Nonnull count);
// Whether somebody asked for the end since the child ended: the signal, or 0.
int roost_supervisor_asked(void);
// A copy of this process, as fork makes it: 0 in the copy. It goes with this process.
int32_t roost_supervisor_copy(void);
// The wait status of the copy, which is killed after `limit_ms`.
int roost_supervisor_wait_for_copy(int32_t copy, int limit_ms);
// Ends this process as the child ended, without a core of its own.
_Noreturn void roost_supervisor_end(int status);

// In the child: 1 if this process was started by roost_supervise, and is told so once.
int roost_supervised(int32_t *_Nonnull mode, int32_t *_Nonnull count);
// How many threads this process has.
int roost_supervisor_threads(void);

#endif
