#define _GNU_SOURCE
#include "view-private.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const uint64_t pak_space_users = CLONE_NEWUSER;
const uint64_t pak_space_mounts = CLONE_NEWNS;
const uint64_t pak_space_processes = CLONE_NEWPID;
const uint64_t pak_space_ipc = CLONE_NEWIPC;
const uint64_t pak_space_host_name = CLONE_NEWUTS;
const uint64_t pak_space_network = CLONE_NEWNET;

int pak_view_sockets(int pair[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

ssize_t pak_view_receive(int socket, void *packet, size_t size, int *descriptor)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec all = { packet, size };
	struct msghdr message = { 0 };
	message.msg_iov = &all;
	message.msg_iovlen = 1;
	message.msg_control = control.room;
	message.msg_controllen = sizeof control.room;
	*descriptor = -1;
	ssize_t got;
	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	/* One who goes without having read all is told of once, in front of what it has said. */
	while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got < 0)
		return got;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS
		&& header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(descriptor, CMSG_DATA(header), sizeof(int));
	return got;
}

int view_send(int socket, void *packet, size_t size, int descriptor)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec all = { packet, size };
	struct msghdr message = { 0 };
	message.msg_iov = &all;
	message.msg_iovlen = 1;
	if (descriptor >= 0) {
		message.msg_control = control.room;
		message.msg_controllen = sizeof control.room;
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int view_say(int socket, int saying, int at, int number, int descriptor)
{
	struct pak_saying_packet packet = { saying, at, number };
	return view_send(socket, &packet, sizeof packet, descriptor);
}

size_t view_decimal(char *to, uint64_t number)
{
	char digits[20];
	size_t count = 0, length = 0;
	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	while (count != 0)
		to[length++] = digits[--count];
	return length;
}

_Noreturn void view_fail(const struct pak_view *view, int stage, int number)
{
	view_say(view->socket, PAK_SAY_FAILED, stage, number, -1);
	_exit(125);
}

/* Waits for the starter's word; without a starter there is nothing to go on for. */
static void await_go(const struct pak_view *view)
{
	struct pak_saying_packet packet;
	int descriptor;
	for (;;) {
		ssize_t got = pak_view_receive(view->socket, &packet, sizeof packet, &descriptor);
		if (got <= 0)
			_exit(125);
		if (got == sizeof packet && packet.saying == PAK_SAY_GO)
			return;
	}
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t wrote = write(fd, text, strlen(text));
	int saved = errno;
	close(fd);
	errno = saved;
	return wrote < 0 ? -1 : 0;
}

static void take_ids(const struct pak_view *view)
{
	if (!view->has_users)
		return;
	if (view->uid_map == NULL)
		await_go(view);
	else if ((write_file("/proc/self/setgroups", "deny") != 0 && errno != ENOENT)
		|| write_file("/proc/self/uid_map", view->uid_map) != 0
		|| write_file("/proc/self/gid_map", view->gid_map) != 0)
		view_fail(view, PAK_STAGE_IDS, errno);
	if (view->drops_groups && syscall(SYS_setgroups, 0, NULL) != 0)
		view_fail(view, PAK_STAGE_IDS, errno);
}

static void raise_loopback(const struct pak_view *view)
{
	struct ifreq request;
	memset(&request, 0, sizeof request);
	memcpy(request.ifr_name, "lo", 3);
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
		view_fail(view, PAK_STAGE_NETWORK, errno);
	close(fd);
}

static int is_own_affair(int fd)
{
	int flags = fcntl(fd, F_GETFD);
	return flags >= 0 && (flags & FD_CLOEXEC) != 0;
}

struct open_files {
	const struct pak_view *view;
	int folder;
};

static void close_starter(void *context, const char *name)
{
	const struct open_files *files = context;
	int fd = 0;
	for (const char *c = name; *c >= '0' && *c <= '9'; c++)
		fd = fd * 10 + (*c - '0');
	if (fd > 2 && fd != files->folder && fd != files->view->socket && fd != files->view->answers
		&& is_own_affair(fd))
		close(fd);
}

/* Closes what the starter has open for itself: the descriptors that a program would not inherit.
 * The others are the command's. */
static void close_starters(const struct pak_view *view)
{
	struct open_files files = { view, open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	if (files.folder >= 0) {
		pak_each_name(files.folder, close_starter, &files);
		close(files.folder);
		return;
	}
	for (int fd = 3; fd < 4096; fd++)
		if (fd != view->socket && fd != view->answers && is_own_affair(fd))
			close(fd);
}

static _Noreturn void first_process(const struct pak_view *view)
{
	struct view_keeper keeper;
	memset(&keeper, 0, sizeof keeper);
	prctl(PR_SET_NAME, "pak-view");
	close_starters(view);
	take_ids(view);
	/* By the host's /proc, which goes out of sight. */
	keeper.children = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	keeper.proc = keeper.children >= 0 ? -1 : open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (view->host_name != NULL && sethostname(view->host_name, strlen(view->host_name)) != 0)
		view_fail(view, PAK_STAGE_HOST_NAME, errno);
	if (view->has_network)
		raise_loopback(view);
	if (view_build(view, &keeper) != 0)
		_exit(125);
	view_keep(view, &keeper);
}

pid_t pak_view_start(const struct pak_view *view)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	/* As fork(2), in namespaces of its own: unshare(2) is not for a process with threads. */
	long pid = syscall(SYS_clone, (unsigned long)view->spaces | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		first_process(view);
	int saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return (pid_t)pid;
}
