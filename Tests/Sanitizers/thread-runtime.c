// What Swift's runtime does not tell ThreadSanitizer, told for it: preloaded by Tests/Sanitizers/sanitize.
//
// The runtime's libraries are not built with a sanitizer. Of what happens in them before what, ThreadSanitizer knows what
// they say by hooks, and that is not all (Swift 6.3 on Linux). Without these functions it reports, of any program, races
// where there is none. They add no order that the runtime does not keep.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>

// In programs that are built with ThreadSanitizer; nil in others, such as `swift` itself.
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

static void acquire(void *address) {
    if (__tsan_acquire) __tsan_acquire(address);
}

static void release(void *address) {
    if (__tsan_release) __tsan_release(address);
}

// Synchronization.Mutex, when it is contended: it is taken in the library. The quick way is in the program itself.
#define LOCK_SLOW $s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF
#define NAME_OF(name) #name
#define NAME(name) NAME_OF(name)
typedef __attribute__((swiftcall)) void lock(uint32_t, __attribute__((swift_context)) void *);

__attribute__((swiftcall)) void LOCK_SLOW(uint32_t thread, __attribute__((swift_context)) void *mutex) {
    static lock *next;
    if (!next) next = (lock *)dlsym(RTLD_NEXT, NAME(LOCK_SLOW));
    next(thread, mutex);
    acquire(mutex);
}

#define UNLOCK_SLOW $s15Synchronization12_MutexHandleV11_unlockSlowyyF
typedef __attribute__((swiftcall)) void unlock(__attribute__((swift_context)) void *);

__attribute__((swiftcall)) void UNLOCK_SLOW(__attribute__((swift_context)) void *mutex) {
    static unlock *next;
    if (!next) next = (unlock *)dlsym(RTLD_NEXT, NAME(UNLOCK_SLOW));
    release(mutex);
    next(mutex);
}

// A continuation that is resumed before its task waits for it, or while it begins to: the task goes on at once, and the
// hook of a job that begins is not reached. Where the task goes on is the second word of the continuation's context
// (AsyncContext::ResumeParent): it goes by way of `resumed`. What is synchronized in this library is not seen, as it must
// be: it would be an order between tasks that there is not.
void *swift_task_getCurrent(void) __attribute__((weak));
typedef __attribute__((swiftasynccall)) void resume(__attribute__((swift_async_context)) void *);
typedef __attribute__((swiftasynccall)) void await(void *);

struct waiting {
    struct waiting *next;
    void *context;
    resume *function;
};
static struct waiting *waiting[1 << 12];
static int waiting_lock;

static struct waiting **waiting_for(void *context) { return &waiting[(uintptr_t)context >> 4 & ((1 << 12) - 1)]; }

static void lock_waiting(void) {
    while (__atomic_exchange_n(&waiting_lock, 1, __ATOMIC_ACQUIRE)) sched_yield();
}

static void unlock_waiting(void) { __atomic_store_n(&waiting_lock, 0, __ATOMIC_RELEASE); }

__attribute__((swiftasynccall)) static void resumed(__attribute__((swift_async_context)) void *context) {
    lock_waiting();
    struct waiting **place = waiting_for(context);
    while ((*place)->context != context) place = &(*place)->next;
    struct waiting *found = *place;
    *place = found->next;
    unlock_waiting();
    resume *function = found->function;
    free(found);
    acquire(swift_task_getCurrent());
    return function(context);
}

__attribute__((swiftasynccall)) void swift_continuation_await(void *context) {
    static await *next;
    if (!next) next = (await *)dlsym(RTLD_NEXT, "swift_continuation_await");
    if (__tsan_acquire && swift_task_getCurrent) {
        resume **parent = (resume **)context + 1;
        struct waiting *new = malloc(sizeof *new);
        lock_waiting();
        *new = (struct waiting){*waiting_for(context), context, *parent};
        *waiting_for(context) = new;
        unlock_waiting();
        *parent = resumed;
    }
    return next(context);
}

// Copy on write: who finds that nobody else refers to an object writes to it, after those that have let go of it.
typedef __attribute__((preserve_most)) void let_go(void *);

__attribute__((preserve_most)) void swift_release(void *object) {
    static let_go *next;
    if (!next) next = (let_go *)dlsym(RTLD_NEXT, "swift_release");
    if ((intptr_t)object > 0) release(object);
    next(object);
}

_Bool swift_isUniquelyReferenced_nonNull_native(const void *object) {
    static _Bool (*next)(const void *);
    if (!next) next = (_Bool(*)(const void *))dlsym(RTLD_NEXT, "swift_isUniquelyReferenced_nonNull_native");
    _Bool is_unique = next(object);
    if (is_unique) acquire((void *)object);
    return is_unique;
}

_Bool swift_isUniquelyReferenced_native(const void *object) {
    static _Bool (*next)(const void *);
    if (!next) next = (_Bool(*)(const void *))dlsym(RTLD_NEXT, "swift_isUniquelyReferenced_native");
    _Bool is_unique = next(object);
    if (is_unique && object) acquire((void *)object);
    return is_unique;
}
