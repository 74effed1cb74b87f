// What Swift's runtime does not tell ThreadSanitizer, told for it: preloaded by Tests/Sanitizers/sanitize.
//
// The runtime's libraries are not built with a sanitizer. Of what happens in them before what, ThreadSanitizer knows what
// they say by hooks, and that is not all (Swift 6.3 on Linux). Without these functions it reports, of any program, races
// where there is none. They add no order that the runtime does not keep.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

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

// A continuation that is resumed before its task waits for it: the task goes on at once, and the hook of a job that begins
// is not reached. What is resumed between the look here and the runtime's own is still reported.
void *swift_task_getCurrent(void) __attribute__((weak));
typedef __attribute__((swiftasynccall)) void await(void *);

__attribute__((swiftasynccall)) void swift_continuation_await(void *context) {
    static await *next;
    if (!next) next = (await *)dlsym(RTLD_NEXT, "swift_continuation_await");
    if (swift_task_getCurrent) acquire(swift_task_getCurrent());
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
