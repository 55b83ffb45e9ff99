#define _GNU_SOURCE
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CRoostPlatform.h"
#include "handlers.h"

// For an exit that nobody hurries as long as a crash may take; else as long as writing it down takes.
enum { exit_wait_s = 130, hurried_wait_s = 1 };

static roost_crash_page *page;
static uint32_t lines_written;
static int record = -1;
static const char *page_path;

roost_crash_page *roost_crash_page_now(void) {
    return __atomic_load_n(&page, __ATOMIC_ACQUIRE);
}

void roost_crash_use_page(roost_crash_page *used, int record_descriptor, const char *path) {
    record = record_descriptor;
    page_path = path;
    __atomic_store_n(&page, used, __ATOMIC_RELEASE);
}

// "ended exit 0" at the end of the record, for whoever comes after the machine has gone, and the page with it.
static int append(uint32_t kind, int32_t number) {
    static const char *const words[] = {"", "exit ", "signal ", "past-budget ", "quit "};
    if (record < 0 || kind > ROOST_END_QUIT) return 0;
    // On a line of its own, whatever was cut before it.
    char line[48] = "\nended ", digits[12];
    char *end = line + strlen(line);
    memcpy(end, words[kind], strlen(words[kind]));
    end += strlen(words[kind]);
    int length = 0;
    uint32_t rest = number < 0 ? 0 - (uint32_t)number : (uint32_t)number;
    if (number < 0) *end++ = '-';
    do digits[length++] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    while (length > 0) *end++ = digits[--length];
    *end++ = '\n';
    // Whole or, on a full disk, not: the page says it, too.
    roost_size_signal held;
    roost_size_signal_hold(&held);
    ssize_t written = write(record, line, (size_t)(end - line));
    roost_size_signal_restore(&held, written < 0);
    return written == end - line;
}

// As roost_at_end says it.
enum { by_status, by_signal, at_once, hurried };

void roost_crash_note_end(uint32_t kind, int32_t number) {
    roost_crash_page *page = roost_crash_page_now();
    if (page == NULL || page->process != getpid()) return;
    // Another thread has crashed: that is how the process ends, and what is written down of it must be whole.
    if (__atomic_load_n(&page->crash_state, __ATOMIC_ACQUIRE) != ROOST_CRASH_NONE) {
        if (page->first.thread != (int32_t)syscall(SYS_gettid)) {
            roost_crash_wait_for_the_end(kind == ROOST_END_EXIT ? exit_wait_s : hurried_wait_s);
        }
        return;
    }
    uint32_t none = ROOST_END_NONE;
    if (__atomic_load_n(&page->end_kind, __ATOMIC_ACQUIRE) != none) return;
    // The number first: whoever reads a kind finds its number.
    __atomic_store_n(&page->end_number, number, __ATOMIC_RELEASE);
    if (__atomic_compare_exchange_n(&page->end_kind, &none, kind, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        int is_written = append(kind, number);
        // After an orderly end there is nothing more to be known.
        if (is_written && page_path != NULL && (kind == ROOST_END_EXIT || kind == ROOST_END_SIGNAL)) unlink(page_path);
    }
}

void roost_crash_note_end_by(int way, int number) {
    int is_late = way != by_signal && number == 70;
    if (way == hurried) {
        roost_crash_finalize();
    } else if (way != at_once) {
        roost_crash_note_end(way == by_signal ? ROOST_END_SIGNAL : is_late ? ROOST_END_PAST_BUDGET : ROOST_END_EXIT, number);
    } else if (is_late) {
        // What was declared for a fatal end: the orderly one, which would have done it, did not come to it. Last, for a disk may not answer.
        roost_crash_finalize();
    }
}

void roost_crash_note_ending(void) {
    roost_crash_page *page = roost_crash_page_now();
    if (page != NULL) __atomic_store_n(&page->ending, 1, __ATOMIC_RELEASE);
}

static uint32_t cut(const char *text, size_t size, size_t room) {
    if (size <= room) return (uint32_t)size;
    while (room > 0 && ((unsigned char)text[room] & 0xC0) == 0x80) room--;
    return (uint32_t)room;
}

void roost_crash_note_line(const void *text, size_t size) {
    roost_crash_page *page = roost_crash_page_now();
    if (page == NULL) return;
    uint32_t number = __atomic_add_fetch(&lines_written, 1, __ATOMIC_RELAXED);
    roost_crash_line *line = &page->lines[number % ROOST_CRASH_LINES];
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    // Empty while it is being written.
    __atomic_store_n(&line->sequence, 0, __ATOMIC_RELEASE);
    line->time_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
    line->size = cut(text, size, sizeof line->text);
    memcpy(line->text, text, line->size);
    __atomic_store_n(&line->sequence, number, __ATOMIC_RELEASE);
}

void roost_crash_note_message(const void *text, size_t size) {
    roost_crash_page *page = roost_crash_page_now();
    if (page == NULL) return;
    uint32_t kept = cut(text, size, sizeof page->message);
    __atomic_store_n(&page->message_size, 0, __ATOMIC_RELEASE);
    memcpy(page->message, text, kept);
    __atomic_store_n(&page->message_size, kept, __ATOMIC_RELEASE);
}
