#define _GNU_SOURCE
#include "CLinux.h"
#include "address.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(int fd)
{
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Whether the socket at this address is one that nobody listens on any more. */
static int is_stale(const struct sockaddr_un *at, socklen_t length)
{
	struct stat st;
	if (lstat(at->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return 0;
	int refused = connect(fd, (const struct sockaddr *)at, length) != 0 && errno == ECONNREFUSED;
	close(fd);
	return refused;
}

int pak_unix_address(const char *path, struct sockaddr_un *at)
{
	memset(at, 0, sizeof *at);
	at->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof at->sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(at->sun_path, path);
	return 0;
}

/* Locks the folder that a path is in, until its descriptor is closed; -1 where that cannot be. */
static int lock_folder(const struct sockaddr_un *at)
{
	char folder[sizeof at->sun_path + 1];
	strcpy(folder, at->sun_path);
	char *slash = strrchr(folder, '/');
	if (slash == NULL)
		strcpy(folder, ".");
	else
		slash[slash == folder ? 1 : 0] = 0;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Who has it for longer than a moment is no server that begins. */
	for (int tries = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && tries < 100; tries++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		usleep(10000);
	}
	return fd;
}

/* Listens, while no other server begins in that folder. */
static int listen_locked(const struct sockaddr_un *at, socklen_t length)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* Linux makes the file with the socket's own mode: there is no moment with a wider one. */
	if (fchmod(fd, 0600) != 0)
		return fail(fd);
	int bound = bind(fd, (const struct sockaddr *)at, length);
	if (bound != 0 && errno == EADDRINUSE && is_stale(at, length)) {
		if (unlink(at->sun_path) != 0)
			return fail(fd);
		bound = bind(fd, (const struct sockaddr *)at, length);
	}
	if (bound != 0 || listen(fd, SOMAXCONN) != 0)
		return fail(fd);
	return fd;
}

int pak_listen_unix(const char *path)
{
	struct sockaddr_un at;
	if (pak_unix_address(path, &at) != 0)
		return -1;
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
	/* One that is bound and does not listen yet looks like one that nobody has any more. */
	int folder = lock_folder(&at);
	int fd = listen_locked(&at, length);
	if (folder >= 0) {
		int saved = errno;
		close(folder);
		errno = saved;
	}
	return fd;
}

int pak_listen_tcp(const char *host, const char *port, int *resolver)
{
	struct addrinfo want, *found;
	memset(&want, 0, sizeof want);
	want.ai_socktype = SOCK_STREAM;
	want.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
	*resolver = getaddrinfo(host, port, &want, &found);
	if (*resolver != 0)
		return -2;
	int fd = -1;
	errno = EADDRNOTAVAIL;
	for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next) {
		int one = 1;
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		if (bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0)
			fd = fail(fd);
	}
	int saved = errno;
	freeaddrinfo(found);
	errno = saved;
	return fd;
}

int pak_listen_vsock(uint32_t cid, uint32_t port)
{
	struct sockaddr_vm at;
	memset(&at, 0, sizeof at);
	at.svm_family = AF_VSOCK;
	at.svm_cid = cid;
	at.svm_port = port;
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, SOMAXCONN) != 0)
		return fail(fd);
	return fd;
}

int pak_accept(int fd)
{
	int one = 1;
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (peer >= 0)
		setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* others refuse: fine */
	return peer;
}

int pak_socket_kind(int fd)
{
	struct stat st;
	int listening = 0;
	socklen_t length = sizeof listening;
	if (fstat(fd, &st) != 0)
		return -1;
	if (!S_ISSOCK(st.st_mode))
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0)
		return -1;
	return listening ? 2 : 1;
}

int pak_peer(int fd, uint32_t *uid, uint32_t *gid)
{
	struct sockaddr_storage at;
	socklen_t length = sizeof at;
	if (getsockname(fd, (struct sockaddr *)&at, &length) != 0)
		return -1;
	struct ucred peer;
	socklen_t size = sizeof peer;
	if (at.ss_family != AF_UNIX) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return -1;
	*uid = peer.uid;
	*gid = peer.gid;
	return 0;
}

uint16_t pak_bound_port(int fd)
{
	struct sockaddr_storage at;
	socklen_t length = sizeof at;
	if (getsockname(fd, (struct sockaddr *)&at, &length) != 0)
		return 0;
	if (at.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&at)->sin_port);
	if (at.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
	return 0;
}

int pak_user_named(const char *name, uint32_t *uid, uint32_t *gid)
{
	struct passwd room, *found = NULL;
	char text[4096];
	if (getpwnam_r(name, &room, text, sizeof text, &found) != 0 || found == NULL)
		return -1;
	*uid = found->pw_uid;
	*gid = found->pw_gid;
	return 0;
}

int pak_user_numbered(uint32_t uid, uint32_t *gid)
{
	struct passwd room, *found = NULL;
	char text[4096];
	if (getpwuid_r(uid, &room, text, sizeof text, &found) != 0 || found == NULL)
		return -1;
	*gid = found->pw_gid;
	return 0;
}
