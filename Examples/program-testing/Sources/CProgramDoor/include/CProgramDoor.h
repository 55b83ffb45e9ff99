// What the whole-program tests need from the system and Swift does not import: a spawn with a controlling terminal, pidfd,
// pseudo-terminals, inotify, and (for the odd program) threads that keep a lock for ever.
#ifndef CPROGRAM_DOOR_H
#define CPROGRAM_DOOR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/inotify.h>
#include <sys/types.h>

// How a program is started. Always in a session of its own, with every signal at its default and none blocked.
struct door_launch {
    const char *_Nonnull path;
    char *_Nullable const *_Nonnull arguments;
    char *_Nullable const *_Nonnull environment;
    const char *_Nullable folder;    // NULL: the caller's
    const char *_Nullable terminal;  // becomes the controlling terminal; NULL for none
    int streams[3];                  // -1: the terminal, or /dev/null without one
};
// Returns 0 and sets the process's id, or an errno.
int door_spawn(const struct door_launch *_Nonnull launch, pid_t *_Nonnull process);

// A descriptor that is readable once the process has ended; -1 on failure.
int door_pidfd(pid_t process);

// The controlling side of a new pseudo-terminal (close-on-exec); its other side's name goes to `name`. -1 on failure.
int door_open_terminal(char *_Nonnull name, size_t length);
void door_set_columns(int terminal, int columns, int rows);

// Both ends of a new pipe, close-on-exec; the reading one does not block. Returns 0 or an errno.
int door_pipe(int *_Nonnull reading, int *_Nonnull writing);
// Makes this pipe as small as the system lets it be.
void door_shrink_pipe(int descriptor);

// Takes the lock of stdio's standard output for the calling thread.
void door_lock_standard_output(void);
// Gives standard output a buffer of this size that is written when it is full or flushed.
void door_buffer_output(size_t size);
// Makes the file `allocator-held` in $HOME and says `ready` on standard output once another thread holds the allocator's only
// lock (MALLOC_ARENA_MAX=1) and will never give it back, and then sleeps for ever: anything else could allocate.
_Noreturn void door_keep_allocator_lock(void);

#endif
