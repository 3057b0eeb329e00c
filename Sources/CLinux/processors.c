#define _GNU_SOURCE
#include "CLinux.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static cpu_set_t everywhere;
static atomic_int is_any_kept;

static void look(void)
{
	CPU_ZERO(&everywhere);
	if (sched_getaffinity(0, sizeof everywhere, &everywhere) != 0)
		CPU_ZERO(&everywhere);
}

int pak_processors(void)
{
	pthread_once(&once, look);
	return CPU_COUNT(&everywhere);
}

int pak_stay(int number)
{
	int left = number, count = pak_processors();
	cpu_set_t set = everywhere;
	if (number >= count)
		return -1;
	if (number >= 0) {
		CPU_ZERO(&set);
		for (int i = 0; i < CPU_SETSIZE; i++)
			if (CPU_ISSET(i, &everywhere) && left-- == 0)
				CPU_SET(i, &set);
	}
	struct sched_param none = { 0 };
	atomic_store(&is_any_kept, 1);
	return sched_setaffinity(0, sizeof set, &set) != 0
		|| sched_setscheduler(0, number < 0 ? SCHED_OTHER : SCHED_BATCH, &none) != 0 ? -1 : 0;
}

void pak_spread(void *attributes)
{
	if (!atomic_load(&is_any_kept))
		return;
	pthread_attr_setaffinity_np(attributes, sizeof everywhere, &everywhere);
	pthread_attr_setinheritsched(attributes, PTHREAD_EXPLICIT_SCHED);
}
