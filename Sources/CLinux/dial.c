#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket of this family, connected; else -1 with errno. */
static int dial(int family, const void *at, socklen_t length, int milliseconds)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* Linux has connect(2) wait no longer than a send. */
	struct timeval limit = { milliseconds / 1000, milliseconds % 1000 * 1000 };
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
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
	memset(&at, 0, sizeof at);
	at.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof at.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(at.sun_path, path);
	return dial(AF_UNIX, &at, sizeof at, milliseconds);
}

int pak_dial_tcp(const char *host, const char *port, int milliseconds, int *resolver)
{
	struct addrinfo want, *found;
	memset(&want, 0, sizeof want);
	want.ai_socktype = SOCK_STREAM;
	*resolver = getaddrinfo(host, port, &want, &found);
	if (*resolver != 0)
		return -2;
	int fd = -1, one = 1;
	errno = EADDRNOTAVAIL;
	for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next)
		fd = dial(a->ai_family, a->ai_addr, a->ai_addrlen, milliseconds);
	int saved = errno;
	freeaddrinfo(found);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
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
