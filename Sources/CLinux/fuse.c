#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int pak_fuse_open(void)
{
	return open("/dev/fuse", O_RDWR | O_CLOEXEC);
}

int pak_fuse_clone(int fd)
{
	/* Through the descriptor: the device may have another name here, or none. */
	char path[32];
	uint32_t old = (uint32_t)fd;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int clone = open(path, O_RDWR | O_CLOEXEC);
	if (clone < 0)
		return -1;
	/* FUSE_DEV_IOC_CLONE */
	if (ioctl(clone, _IOR(229, 0, uint32_t), &old) != 0) {
		int saved = errno;
		close(clone);
		errno = saved;
		return -1;
	}
	return clone;
}

int pak_mount(const char *source, const char *target, const char *type, int read_only,
	const char *data)
{
	unsigned long flags = MS_NODEV | MS_NOSUID | (read_only ? MS_RDONLY : 0);
	return mount(source, target, type, flags, data);
}

int pak_unmount(const char *target, int lazily)
{
	return umount2(target, UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0));
}

int pak_answers_within(const char *path, int milliseconds)
{
	struct statvfs figures;
	struct pollfd ready = { .events = POLLIN };
	unsigned char number;
	int ends[2], got;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	pid_t child = _Fork();
	if (child == 0) {
		number = statvfs(path, &figures) != 0 ? (unsigned char)errno : 0;
		_exit(write(ends[1], &number, 1) != 1);
	}
	close(ends[1]);
	ready.fd = ends[0];
	do
		got = child < 0 ? -1 : poll(&ready, 1, milliseconds);
	while (child > 0 && got < 0 && errno == EINTR);
	if (got == 0)
		number = ETIMEDOUT;
	else if (got < 0 || read(ends[0], &number, 1) != 1)
		number = EIO;
	close(ends[0]);
	if (child > 0) {
		/* One whose request has been read by then ends with the server, and is nobody's. */
		kill(child, SIGKILL);
		waitpid(child, NULL, got == 0 ? WNOHANG : 0);
	}
	errno = number;
	return number == 0 ? 0 : -1;
}

/* The environment with one more word, which the caller frees. */
static char **environment_with(char *word)
{
	size_t count = 0;
	while (environ[count] != NULL)
		count++;
	char **all = calloc(count + 2, sizeof *all);
	if (all == NULL)
		return NULL;
	memcpy(all, environ, count * sizeof *all);
	all[count] = word;
	return all;
}

/* The descriptor that comes over a socket; -1 when none does. */
static int receive(int socket)
{
	char byte;
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec one = { &byte, 1 };
	struct msghdr message;
	memset(&message, 0, sizeof message);
	message.msg_iov = &one;
	message.msg_iovlen = 1;
	message.msg_control = &control;
	message.msg_controllen = sizeof control;
	ssize_t got;
	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header == NULL || header->cmsg_type != SCM_RIGHTS ||
			header->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	int fd;
	memcpy(&fd, CMSG_DATA(header), sizeof fd);
	return fd;
}

int pak_fusermount(const char *target, const char *options, char *text, size_t size)
{
	int ends[2];
	char word[64];
	text[0] = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	snprintf(word, sizeof word, "_FUSE_COMMFD=%d", ends[1]);
	char **environment = environment_with(word);
	const char *const words[] = { "fusermount3", "-o", options, "--", target, NULL };
	int complaints, fd = -1, saved = ENOMEM;
	/* Another program that had its end would keep us waiting when this one fails. */
	pid_t child =
		environment == NULL ? -1 : pak_spawn(words, environment, -1, &complaints, 1, ends[1]);
	if (environment != NULL && child < 0)
		saved = errno;
	free(environment);
	close(ends[1]);
	if (child >= 0) {
		fd = receive(ends[0]);
		saved = pak_reap(child, complaints, text, size, -1) == 0 && fd < 0 ? EPROTO : EPERM;
	}
	close(ends[0]);
	errno = saved;
	return fd;
}

int pak_fuserunmount(const char *target, int lazily, char *text, size_t size)
{
	const char *eager[] = { "fusermount3", "-u", "--", target, NULL };
	const char *lazy[] = { "fusermount3", "-u", "-z", "--", target, NULL };
	int complaints;
	text[0] = 0;
	pid_t child = pak_spawn(lazily ? lazy : eager, environ, -1, &complaints, 1, -1);
	if (child < 0)
		return -1;
	if (pak_reap(child, complaints, text, size, -1) == 0)
		return 0;
	errno = EPERM;
	return -1;
}
