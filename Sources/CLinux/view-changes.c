#define _GNU_SOURCE
#include "view-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A file of an owner whom the user namespace does not have cannot be changed in it, and overlayfs
 * cannot copy it up with that owner: EACCES, EPERM or EOVERFLOW, whatever capabilities there are. Its
 * directory is the user's own. So a copy of the user's takes its place, marked as one. */

static const char copy_name[] = ".pak-copy";

/* The number that stands for all owners whom the namespace does not have. */
static uint32_t other(const struct view_answerer *self, const char *file)
{
	char text[16];
	int fd = openat(self->proc, file, O_RDONLY | O_CLOEXEC);
	ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text);
	if (fd >= 0)
		close(fd);
	uint32_t number = 0;
	for (ssize_t i = 0; i < count && text[i] >= '0' && text[i] <= '9'; i++)
		number = number * 10 + (uint32_t)(text[i] - '0');
	return count > 0 ? number : 65534;
}

/* Opens what an O_PATH descriptor stands for. Returns a descriptor, or -1 with errno. */
static int reopen(const struct view_answerer *self, int fd, int flags)
{
	char path[32] = "self/fd/";
	path[8 + view_decimal(path + 8, (uint64_t)fd)] = 0;
	return openat(self->proc, path, flags | O_CLOEXEC | O_NOCTTY);
}

/* Opens the directory that a file is in, as it was found, and tells its name there. */
static int open_folder(const struct view_answerer *self, int fd, const struct stat *st,
	char path[PATH_MAX], const char **name)
{
	char link[32] = "self/fd/";
	struct stat there;
	link[8 + view_decimal(link + 8, (uint64_t)fd)] = 0;
	ssize_t length = readlinkat(self->proc, link, path, PATH_MAX - 1);
	if (length <= 0 || path[0] != '/')
		return -1;
	path[length] = 0;
	char *slash = strrchr(path, '/');
	*name = slash + 1;
	slash[0] = 0;
	int folder = open(slash == path ? "/" : path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0 && (fstatat(folder, *name, &there, AT_SYMLINK_NOFOLLOW) != 0
			|| there.st_dev != st->st_dev || there.st_ino != st->st_ino)) {
		close(folder);
		return -1;
	}
	return folder;
}

static int write_all(int to, const char *bytes, size_t count)
{
	while (count != 0) {
		ssize_t wrote = write(to, bytes, count);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -1;
		bytes += wrote;
		count -= (size_t)wrote;
	}
	return 0;
}

/* Copies bytes; holes stay holes. */
static int copy_bytes(int from, int to, off_t size)
{
	static char room[1 << 16];
	off_t at = 0;
	while (at < size) {
		off_t data = lseek(from, at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break;
		off_t end = data < 0 ? size : lseek(from, data, SEEK_HOLE);
		at = data < 0 ? at : data;
		if (end < 0 || end > size)
			end = size;
		if (lseek(from, at, SEEK_SET) < 0 || lseek(to, at, SEEK_SET) < 0)
			return -1;
		while (at < end) {
			size_t want = end - at < (off_t)sizeof room ? (size_t)(end - at) : sizeof room;
			ssize_t got = read(from, room, want);
			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0 || (got > 0 && write_all(to, room, (size_t)got) != 0))
				return -1;
			if (got == 0)
				return ftruncate(to, at);
			at += got;
		}
	}
	return ftruncate(to, size);
}

/* Users' attributes; others are not for a user to set. */
static void copy_attributes(int from, int to)
{
	static char names[1 << 16], value[1 << 16];
	ssize_t length = flistxattr(from, names, sizeof names);
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t size = strncmp(names + at, "user.", 5) != 0 ? -1
			: fgetxattr(from, names + at, value, sizeof value);
		if (size >= 0)
			fsetxattr(to, names + at, value, (size_t)size, 0);
	}
}

static int make_file(const struct view_answerer *self, int fd, int folder, const struct stat *st,
	int empty)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	int from = empty ? -1 : reopen(self, fd, O_RDONLY | O_NONBLOCK);
	if (!empty && from < 0)
		return errno;
	int failed = 0;
	int to = openat(folder, copy_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		failed = errno;
	else if (!empty && copy_bytes(from, to, st->st_size) != 0)
		failed = errno;
	else {
		if (!empty)
			copy_attributes(from, to);
		/* Where there are no attributes the file counts as another of the same name. */
		fsetxattr(to, PAK_MARK_COPY, "y", 1, 0);
		if (fchmod(to, st->st_mode & 07777) != 0 || futimens(to, times) != 0)
			failed = errno;
	}
	if (from >= 0)
		close(from);
	if (to >= 0 && close(to) != 0 && failed == 0)
		failed = errno;
	return failed;
}

static int make_link(int fd, int folder, const struct stat *st)
{
	char target[PATH_MAX];
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	ssize_t length = readlinkat(fd, "", target, sizeof target - 1);
	if (length < 0)
		return errno;
	target[length] = 0;
	if (symlinkat(target, folder, copy_name) != 0)
		return errno;
	utimensat(folder, copy_name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

int view_is_others(struct view_answerer *self, int fd, struct stat *st)
{
	if (!self->has_others) {
		self->other_user = other(self, "sys/kernel/overflowuid");
		self->other_group = other(self, "sys/kernel/overflowgid");
		self->has_others = 1;
	}
	if (fstat(fd, st) != 0)
		return 0;
	int user = st->st_uid == self->other_user, group = st->st_gid == self->other_group;
	if (!user && !group)
		return 0;
	if ((user && self->other_user > self->last_user) || (group && self->other_group > self->last_group))
		return 1;
	/* The view has somebody of that number. Outside the two are told apart. */
	struct pak_asked question;
	memset(&question, 0, sizeof question);
	question.asks = PAK_ASK_WHOSE;
	return view_ask_starter(self, &question, fd) != 0;
}

int view_make_own(struct view_answerer *self, int fd, int empty)
{
	char path[PATH_MAX];
	const char *name;
	struct stat st;
	if (!view_is_others(self, fd, &st) || (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)))
		return 0;
	int folder = open_folder(self, fd, &st, path, &name);
	if (folder < 0)
		return 0;
	unlinkat(folder, copy_name, 0);
	int failed = S_ISLNK(st.st_mode) ? make_link(fd, folder, &st)
		: make_file(self, fd, folder, &st, empty);
	if (failed == 0 && renameat(folder, copy_name, folder, name) != 0)
		failed = errno;
	if (failed != 0)
		unlinkat(folder, copy_name, 0);
	close(folder);
	return failed;
}

int view_open_again(const struct view_answerer *self, int fd, int flags)
{
	char path[PATH_MAX], link[32] = "self/fd/";
	link[8 + view_decimal(link + 8, (uint64_t)fd)] = 0;
	ssize_t length = readlinkat(self->proc, link, path, sizeof path - 1);
	if (length <= 0 || path[0] != '/')
		return -1;
	path[length] = 0;
	static const char gone[] = " (deleted)";
	size_t tail = sizeof gone - 1;
	/* So the name is shown of a file whose place has been taken. */
	if ((size_t)length > tail && strcmp(path + length - tail, gone) == 0)
		path[(size_t)length - tail] = 0;
	return open(path, flags | O_NOFOLLOW | O_CLOEXEC);
}

static size_t put_number(char *text, size_t at, uint32_t number)
{
	if (number == UINT32_MAX)
		text[at++] = '-';
	else
		at += view_decimal(text + at, number);
	text[at++] = ' ';
	return at;
}

static uint32_t read_number(const char **at, const char *end)
{
	uint32_t number = 0;
	if (*at == end || **at == '-')
		number = UINT32_MAX;
	for (; *at != end && **at != ' '; (*at)++)
		if (**at >= '0' && **at <= '9')
			number = number * 10 + (uint32_t)(**at - '0');
	if (*at != end)
		(*at)++;
	return number;
}

/* What is noted of an owner, with what is noted there already. */
static size_t note(char text[32], ssize_t count, uint32_t uid, uint32_t gid)
{
	const char *at = text, *end = text + (count > 0 ? count : 0);
	uint32_t old_user = read_number(&at, end), old_group = read_number(&at, end);
	size_t length = put_number(text, 0, uid == UINT32_MAX ? old_user : uid);
	return put_number(text, length, gid == UINT32_MAX ? old_group : gid);
}

/* Gives a file to whom it is for, or to root in the place of those whom the view does not have. Returns
 * 0, or an errno. */
static int give(const struct view_answerer *self, int folder, const char *name, uint32_t uid,
	uint32_t gid)
{
	if (self->last_user == 0 && self->last_group == 0)
		return 0;
	if (uid != UINT32_MAX && uid > self->last_user)
		uid = 0;
	if (gid != UINT32_MAX && gid > self->last_group)
		gid = 0;
	int flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
	return fchownat(folder, name, uid, gid, flags) != 0 ? errno : 0;
}

/* Of a link or a fifo, which is not opened, and where a user may set attributes of no kind but those
 * that are for whoever has mounted the file system. */
static int record_by_name(struct view_answerer *self, int fd, const struct stat *st, int is_others,
	uint32_t uid, uint32_t gid)
{
	char path[PATH_MAX], text[32];
	const char *name;
	int folder = open_folder(self, fd, st, path, &name);
	if (folder < 0)
		return 0;
	int failed = view_make_own(self, fd, 0);
	int given = failed == 0 ? give(self, folder, name, uid, gid) : 0;
	if (!is_others && given != 0)
		failed = given;
	if (failed == 0 && fchdir(folder) == 0) {
		ssize_t count = lgetxattr(name, PAK_MARK_OWNER_OF_LINK, text, sizeof text);
		lsetxattr(name, PAK_MARK_OWNER_OF_LINK, text, note(text, count, uid, gid), 0);
	}
	close(folder);
	return failed;
}

int view_record_owner(struct view_answerer *self, int fd, uint32_t uid, uint32_t gid)
{
	char text[32];
	struct stat st;
	int is_others = view_is_others(self, fd, &st);
	/* What is another's is root's nearly always, and root is who it is given to. */
	if (is_others && (uid == 0 || uid == UINT32_MAX) && (gid == 0 || gid == UINT32_MAX))
		return 0;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return record_by_name(self, fd, &st, is_others, uid, gid);
	int failed = view_make_own(self, fd, 0);
	if (failed != 0)
		return failed;
	int file = is_others ? view_open_again(self, fd, O_RDONLY | O_NONBLOCK)
		: reopen(self, fd, O_RDONLY | O_NONBLOCK);
	if (file < 0)
		return errno == ENXIO ? 0 : errno;
	failed = give(self, file, "", uid, gid);
	/* What stays another's is accepted and forgotten, as elsewhere. */
	if (failed != 0) {
		close(file);
		return is_others ? 0 : failed;
	}
	ssize_t count = fgetxattr(file, PAK_MARK_OWNER, text, sizeof text);
	/* An owner that cannot be kept is accepted and forgotten, as elsewhere. */
	fsetxattr(file, PAK_MARK_OWNER, text, note(text, count, uid, gid), 0);
	if (S_ISREG(st.st_mode)) {
		mode_t taken = S_ISUID | (st.st_mode & S_IXGRP ? S_ISGID : 0);
		if (st.st_mode & taken)
			fchmod(file, st.st_mode & 07777 & ~taken);
	}
	close(file);
	return 0;
}

void view_record_device(int file, uint32_t mode, uint64_t device)
{
	char text[32];
	size_t length = put_number(text, 0, S_ISCHR(mode) ? 2 : 6);
	length += view_decimal(text + length, device);
	fsetxattr(file, PAK_MARK_DEVICE, text, length, 0);
}
