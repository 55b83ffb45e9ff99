// A request to end that reaches a supervised program twice: whoever sends a signal to the whole group reaches it directly, and once more by its
// supervisor, which passes on what it was sent.
#ifndef ROOST_REQUESTS_H
#define ROOST_REQUESTS_H

#include <signal.h>
#include <stdint.h>

// The request that came first and how, in one word; 0 before that. One for each signal to which a second one means something.
typedef uint64_t roost_request;

// From which process signals are passed on. Once, at the start.
void roost_requests_come_from(int32_t supervisor);
int roost_requests_are_passed_on(void);

// Whether this signal is the same request once more. Callable in handlers.
int roost_request_is_copy(roost_request *_Nonnull first, const siginfo_t *_Nonnull info);

#endif
