#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

// --- any number of threads, asked by a healthy process ---------------------------------------------------------------------
struct roost_survey {
    roost_inquiry inquiry;
    size_t size;
    int is_busy;  // somebody may still write here
    roost_stack *stacks;
    roost_question questions[];
};

roost_survey *roost_survey_make(const int32_t *threads, uint32_t count) {
    // A first use within a handler would load what is needed.
    roost_stacks_prepare();
    size_t head = (sizeof(roost_survey) + count * sizeof(roost_question) + 63) / 64 * 64;
    size_t size = head + count * sizeof(roost_stack);
    roost_survey *survey = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (survey == MAP_FAILED) return NULL;
    survey->size = size;
    survey->stacks = (roost_stack *)((char *)survey + head);
    survey->inquiry.count = count;
    survey->inquiry.questions = survey->questions;
    for (uint32_t index = 0; index < count; index++) {
        survey->questions[index].thread = survey->stacks[index].thread = threads[index];
        survey->questions[index].stack = &survey->stacks[index];
    }
    return survey;
}

// One at a time. 0: free.
static uint32_t turn;

int roost_survey_begin(int64_t wait_ns) {
    int64_t end = roost_stacks_now() + wait_ns;
    uint32_t expected = 0;
    while (!__atomic_compare_exchange_n(&turn, &expected, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        expected = 0;
        int64_t rest = end - roost_stacks_now();
        if (rest <= 0) return ETIMEDOUT;
        struct timespec timeout = {.tv_sec = rest / 1000000000, .tv_nsec = rest % 1000000000};
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 1, &timeout, NULL, 0);
    }
    return 0;
}

void roost_survey_end(void) {
    __atomic_store_n(&turn, 0, __ATOMIC_RELEASE);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

int roost_survey_take(roost_survey *survey, int64_t wait_ns) {
    int64_t end = roost_stacks_now() + wait_ns;
    int failure = roost_inquiries_install();
    int32_t me = (int32_t)syscall(SYS_gettid);
    for (uint32_t index = 0; index < survey->inquiry.count && failure == 0; index++) {
        roost_question *question = &survey->questions[index];
        if (question->thread == me) {
            roost_unwind(question->stack, NULL);
            __atomic_store_n(&question->state, ROOST_ANSWER_GIVEN, __ATOMIC_RELEASE);
        } else {
            __atomic_store_n(&question->state, ROOST_QUESTION_ASKED, __ATOMIC_RELEASE);
            survey->inquiry.unanswered++;
        }
    }
    if (failure == 0) roost_inquire(&survey->inquiry, ROOST_OF_SURVEY, end);
    // Who has begun to write is nearly through, if it runs at all.
    int64_t patience = roost_stacks_now() + 20000000;
    while (roost_inquiry_readers() != 0 && roost_stacks_now() < patience) {
        struct timespec pause = {.tv_nsec = 200000};
        nanosleep(&pause, NULL);
    }
    if (roost_inquiry_readers() != 0) survey->is_busy = 1;
    return failure;
}

uint32_t roost_survey_answer(const roost_survey *survey, uint32_t index) {
    uint32_t state = __atomic_load_n(&survey->questions[index].state, __ATOMIC_ACQUIRE);
    return state == ROOST_QUESTION_WRITING ? (uint32_t)ROOST_ANSWER_LATE : state;
}

const roost_stack *roost_survey_stack(const roost_survey *survey, uint32_t index) {
    return &survey->stacks[index];
}

void roost_survey_free(roost_survey *survey) {
    if (!survey->is_busy) munmap(survey, survey->size);
}
