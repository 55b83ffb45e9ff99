// A queue of frames in memory that two processes share: one writes, one reads, and what was written before the writer died
// is still there.
#ifndef CROOST_RING_H
#define CROOST_RING_H

#include <stddef.h>
#include <stdint.h>

#include "CRoostControl.h"

// Each frame: this, then `size` bytes, then nothing up to the next multiple of 8.
typedef struct {
    uint32_t size;
    uint8_t kind;
    uint8_t flags;
    uint16_t slot;
    uint32_t element;
    uint32_t extra;
    uint64_t number;
} roost_frame;

enum { ROOST_FRAME_LIMIT = 64 * 1024 };  // of a frame's bytes; what is larger goes through an arena

typedef struct roost_ring roost_ring;

// The two of a control page that roost_control_map mapped.
roost_ring *_Nonnull roost_ring_to_worker(roost_control *_Nonnull control);
roost_ring *_Nonnull roost_ring_from_worker(roost_control *_Nonnull control);

// Room for a frame with so many bytes, or NULL when there is none at the moment. Nothing is visible before the publish.
void *_Nullable roost_ring_room(roost_ring *_Nonnull ring, const roost_frame *_Nonnull header);
// Makes the frame visible, and wakes nobody: several frames, one wake.
void roost_ring_add(roost_ring *_Nonnull ring, uint32_t size);
void roost_ring_wake_reader(roost_ring *_Nonnull ring);
// Waits until there may be room for so many bytes; 0, ETIMEDOUT, or EPIPE when the ring was closed.
int32_t roost_ring_wait_for_room(roost_ring *_Nonnull ring, uint32_t size, int64_t timeout_ns);

// The bytes of the next frame, in one piece, and a copy of its header: the other side may write into the ring at any time, and what was
// found right must not be read again. NULL when there is none. A frame that cannot be is EPROTO in `failure`.
const void *_Nullable roost_ring_peek(
    roost_ring *_Nonnull ring, roost_frame *_Nonnull header, int32_t *_Nonnull failure);
void roost_ring_consume(roost_ring *_Nonnull ring, uint32_t size);
// How often a reader looks before it sleeps: at most `most` times, less while it does not pay. The reader's own.
typedef struct {
    int32_t most, looks;
    uint32_t slept;
} roost_patience;
// Waits until there is a frame; 0, ETIMEDOUT, or EPIPE when the ring was closed and is empty.
int32_t roost_ring_wait_for_frame(
    roost_ring *_Nonnull ring, roost_patience *_Nonnull patience, int64_t timeout_ns);

// The bytes of a frame that is visible before it is whole: outputs one after the other, and how many there are. What was done before
// a death can still be read.
typedef struct {
    uint32_t done;
    uint32_t state;
} roost_run;
enum { ROOST_RUN_OPEN = 0, ROOST_RUN_CLOSED, ROOST_RUN_LAST, ROOST_RUN_LATE };

// The one that begins a frame's bytes, which lie at a multiple of 8.
static inline roost_run *_Nonnull roost_run_at(void *_Nonnull bytes) {
    return (roost_run *)bytes;
}
static inline void roost_run_set_done(roost_run *_Nonnull run, uint32_t done) {
    __atomic_store_n(&run->done, done, __ATOMIC_RELEASE);
}
static inline uint32_t roost_run_done(const roost_run *_Nonnull run) {
    return __atomic_load_n(&run->done, __ATOMIC_ACQUIRE);
}
// There will be no more in it: wakes the reader.
void roost_run_close(roost_ring *_Nonnull ring, roost_run *_Nonnull run, uint32_t state);
// Waits until the run at the reader's place is whole; its state, ROOST_RUN_OPEN when the ring was closed before it was,
// ROOST_RUN_LATE when somebody woke the reader and it is not.
uint32_t roost_ring_wait_for_run(roost_ring *_Nonnull ring, const roost_run *_Nonnull run);

// Nobody will write any more (or read): wakes both sides. What is in it can still be read.
void roost_ring_close(roost_ring *_Nonnull ring);

#endif
