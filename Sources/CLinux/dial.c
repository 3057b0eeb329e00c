#define _GNU_SOURCE
#include "CLinux.h"
#include "address.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Linux has connect(2) wait no longer than a send. */
static void set_limit(int fd, int milliseconds)
{
	struct timeval limit = { milliseconds / 1000, milliseconds % 1000 * 1000 };
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* A socket of this family, connected; else -1 with errno. */
static int dial(int family, const void *at, socklen_t length, int milliseconds)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	set_limit(fd, milliseconds);
	if (connect(fd, at, length) != 0) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int pak_dial_unix(const char *path, int milliseconds)
{
	struct sockaddr_un at;
	if (pak_unix_address(path, &at) != 0)
		return -1;
	return dial(AF_UNIX, &at, sizeof at, milliseconds);
}

/* A look-up of a host's name, which getaddrinfo(3) cannot be called back from. The last of the two
 * that have it, who asked and the thread, frees it. */
struct lookup {
	pthread_mutex_t lock;
	pthread_cond_t done;
	int is_done, is_left;
	int result;
	struct addrinfo *found;
	char *port;
	char host[];
};

static void free_lookup(struct lookup *l)
{
	if (l->found != NULL)
		freeaddrinfo(l->found);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->done);
	free(l);
}

static void *look_up(void *argument)
{
	struct lookup *l = argument;
	struct addrinfo want, *found = NULL;
	memset(&want, 0, sizeof want);
	want.ai_socktype = SOCK_STREAM;
	int result = getaddrinfo(l->host, l->port, &want, &found);
	pthread_mutex_lock(&l->lock);
	l->result = result;
	l->found = result == 0 ? found : NULL;
	l->is_done = 1;
	int is_left = l->is_left;
	pthread_cond_signal(&l->done);
	pthread_mutex_unlock(&l->lock);
	if (is_left)
		free_lookup(l);
	return NULL;
}

/* getaddrinfo(3) for at most so many milliseconds, if not 0: then 0 is returned and *found is NULL. */
static int find_host(const char *host, const char *port, int milliseconds, struct addrinfo **found)
{
	size_t length = strlen(host) + 1, size = length + strlen(port) + 1;
	struct lookup *l = calloc(1, sizeof *l + size);
	*found = NULL;
	if (l == NULL)
		return EAI_MEMORY;
	memcpy(l->host, host, length);
	l->port = strcpy(l->host + length, port);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->done, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_t thread;
	if (milliseconds == 0) {
		look_up(l);
	} else if (pthread_create(&thread, NULL, look_up, l) != 0) {
		free_lookup(l);
		return EAI_MEMORY;
	} else {
		pthread_detach(thread);
	}
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += milliseconds / 1000 + (until.tv_nsec + milliseconds % 1000 * 1000000L) / 1000000000;
	until.tv_nsec = (until.tv_nsec + milliseconds % 1000 * 1000000L) % 1000000000;
	pthread_mutex_lock(&l->lock);
	int late = 0;
	while (!l->is_done && late == 0)
		late = pthread_cond_timedwait(&l->done, &l->lock, &until);
	int is_done = l->is_done, result = is_done ? l->result : 0;
	if (is_done) {
		*found = l->found;
		l->found = NULL;
	}
	l->is_left = 1;
	pthread_mutex_unlock(&l->lock);
	if (is_done)
		free_lookup(l);
	return result;
}

static int64_t now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

int pak_dial_tcp(const char *host, const char *port, int milliseconds, int *resolver)
{
	struct addrinfo *found;
	int64_t until = now() + milliseconds;
	*resolver = find_host(host, port, milliseconds, &found);
	if (*resolver != 0)
		return -2;
	if (found == NULL) {
		errno = EINPROGRESS;
		return -1;
	}
	int fd = -1, one = 1, addresses = 0;
	for (struct addrinfo *a = found; a != NULL; a = a->ai_next)
		addresses++;
	errno = EADDRNOTAVAIL;
	/* Each has its share of what is left: a dead one leaves time for those behind it. */
	for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next) {
		int64_t share = milliseconds == 0 ? 0 : (until - now()) / addresses--;
		if (milliseconds != 0 && share <= 0)
			share = 1;
		fd = dial(a->ai_family, a->ai_addr, a->ai_addrlen, (int)share);
	}
	int saved = errno;
	freeaddrinfo(found);
	if (fd >= 0) {
		set_limit(fd, milliseconds);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	}
	errno = saved;
	return fd;
}

int pak_dial_vsock(uint32_t cid, uint32_t port, int milliseconds)
{
	struct sockaddr_vm at;
	memset(&at, 0, sizeof at);
	at.svm_family = AF_VSOCK;
	at.svm_cid = cid;
	at.svm_port = port;
	return dial(AF_VSOCK, &at, sizeof at, milliseconds);
}
