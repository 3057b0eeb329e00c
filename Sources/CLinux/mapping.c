#define _GNU_SOURCE
#include "CLinux.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Blocks of ranges, never freed, so that the handler can walk them without a lock. */
struct range {
	_Atomic(uintptr_t) start, end;
	_Atomic(int) cut;
};
struct block {
	struct range ranges[512];
	_Atomic(struct block *) next;
};

static struct block first;
static _Atomic(int) any_cut;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sigaction before;
static uintptr_t page;

static void on_bus_error(int signal, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;
	for (struct block *b = &first; b != NULL; b = atomic_load(&b->next))
		for (size_t i = 0; i < sizeof b->ranges / sizeof b->ranges[0]; i++) {
			uintptr_t start = atomic_load(&b->ranges[i].start);
			if (start == 0 || at < start || at >= atomic_load(&b->ranges[i].end))
				continue;
			atomic_store(&b->ranges[i].cut, 1);
			atomic_store(&any_cut, 1);
			void *hole = (void *)(at & ~(page - 1));
			if (mmap(hole, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == hole)
				return;
		}
	/* Not ours: the instruction runs again under whatever was there before. */
	if (before.sa_flags & SA_SIGINFO) {
		before.sa_sigaction(signal, info, context);
	} else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
		before.sa_handler(signal);
	} else {
		struct sigaction standard = {.sa_handler = SIG_DFL};
		sigaction(SIGBUS, &standard, NULL);
	}
}

static void install(void)
{
	page = (uintptr_t)sysconf(_SC_PAGESIZE);
	struct sigaction ours = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	sigemptyset(&ours.sa_mask);
	sigaction(SIGBUS, &ours, &before);
}

int pak_guard_mapping(const void *start, size_t length)
{
	pthread_once(&once, install);
	pthread_mutex_lock(&lock);
	struct block *b = &first;
	for (;;) {
		for (size_t i = 0; i < sizeof b->ranges / sizeof b->ranges[0]; i++)
			if (atomic_load(&b->ranges[i].start) == 0) {
				atomic_store(&b->ranges[i].cut, 0);
				atomic_store(&b->ranges[i].end, (uintptr_t)start + length);
				atomic_store(&b->ranges[i].start, (uintptr_t)start);
				pthread_mutex_unlock(&lock);
				return 0;
			}
		struct block *next = atomic_load(&b->next);
		if (next == NULL) {
			next = calloc(1, sizeof *next);
			if (next == NULL)
				break;
			atomic_store(&b->next, next);
		}
		b = next;
	}
	pthread_mutex_unlock(&lock);
	return -1;
}

void pak_unguard_mapping(const void *start)
{
	pthread_mutex_lock(&lock);
	for (struct block *b = &first; b != NULL; b = atomic_load(&b->next))
		for (size_t i = 0; i < sizeof b->ranges / sizeof b->ranges[0]; i++)
			if (atomic_load(&b->ranges[i].start) == (uintptr_t)start)
				atomic_store(&b->ranges[i].start, 0);
	pthread_mutex_unlock(&lock);
}

int pak_mapping_is_cut(const void *start)
{
	if (start == NULL || !atomic_load_explicit(&any_cut, memory_order_relaxed))
		return atomic_load_explicit(&any_cut, memory_order_relaxed);
	for (struct block *b = &first; b != NULL; b = atomic_load(&b->next))
		for (size_t i = 0; i < sizeof b->ranges / sizeof b->ranges[0]; i++)
			if (atomic_load(&b->ranges[i].start) == (uintptr_t)start)
				return atomic_load(&b->ranges[i].cut);
	return 0;
}
