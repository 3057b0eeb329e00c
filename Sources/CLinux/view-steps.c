#define _GNU_SOURCE
#include "view-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

const uint64_t pak_mount_nosuid = MS_NOSUID;
const uint64_t pak_mount_nodev = MS_NODEV;
const uint64_t pak_mount_noexec = MS_NOEXEC;
const uint64_t pak_mount_read_only = MS_RDONLY;

/* File systems in memory that the view made: the only ones in which a mount's place is made. */
enum { OWN_LIMIT = 32 };
struct own {
	dev_t devices[OWN_LIMIT];
	int count;
};

static int is_own(const struct own *own, int fd)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return 0;
	for (int i = 0; i < own->count; i++)
		if (own->devices[i] == st.st_dev)
			return 1;
	return 0;
}

static void add_own(struct own *own, const char *path)
{
	struct stat st;
	if (own->count < OWN_LIMIT && stat(path, &st) == 0)
		own->devices[own->count++] = st.st_dev;
}

/* Splits "/view/usr/lib" into the root it counts from, "/view", and what is below it. */
static const char *below(const char *target, char root[16])
{
	size_t length = 1;
	while (target[length] != 0 && target[length] != '/' && length < 15)
		length++;
	memcpy(root, target, length);
	root[length] = 0;
	while (target[length] == '/')
		length++;
	return target + length;
}

static int open_in(int root, const char *path, uint64_t flags)
{
	struct open_how how;
	memset(&how, 0, sizeof how);
	how.flags = flags | O_CLOEXEC;
	how.resolve = RESOLVE_IN_ROOT;
	for (int tries = 0;; tries++) {
		long fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
		if (fd >= 0 || errno != EAGAIN || tries == 8)
			return (int)fd;
	}
}

enum made { MADE_NOTHING, MADE_DIRECTORY, MADE_FILE };

/* The place of a target, O_PATH; with make, it is made when it is missing, where that is the
 * view's own affair. Links on the way are followed within the root the target counts from. */
static int place(struct own *own, const char *target, enum made make, uint32_t mode)
{
	char name[16], path[4096];
	const char *rest = below(target, name);
	size_t length = strlen(rest);
	if (length >= sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -1;
	int fd = open_in(root, rest, O_PATH);
	if (fd >= 0 || errno != ENOENT || make == MADE_NOTHING) {
		int saved = errno;
		close(root);
		errno = saved;
		return fd;
	}
	int folder = root;
	for (size_t at = 0; at < length;) {
		size_t start = at, end;
		while (at < length && rest[at] != '/')
			at++;
		end = at;
		while (at < length && rest[at] == '/')
			at++;
		memcpy(path, rest, end);
		path[end] = 0;
		int is_last = at == length;
		fd = open_in(root, path, O_PATH);
		if (fd < 0 && errno == ENOENT) {
			if (!is_own(own, folder))
				errno = ENOENT;
			else if (is_last && make == MADE_FILE) {
				int file = openat(folder, path + start, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
				if (file >= 0)
					close(file);
			} else
				mkdirat(folder, path + start, is_last ? mode : 0755);
			fd = open_in(root, path, O_PATH);
		}
		int saved = errno;
		if (folder != root)
			close(folder);
		if (fd < 0) {
			close(root);
			errno = saved;
			return -1;
		}
		folder = fd;
	}
	close(root);
	return fd;
}

/* Mounts at a directory: the working directory, so that no path is followed a second time. */
static int mount_at(int fd, const struct pak_step *step, const char *data)
{
	if (fchdir(fd) != 0)
		return -1;
	int result = mount(step->source, ".", step->type, step->flags, data);
	int saved = errno;
	if (chdir("/") != 0)
		return -1;
	errno = saved;
	return result;
}

static int bind_step(struct own *own, const struct pak_step *step)
{
	unsigned recursive = step->options & PAK_STEP_RECURSIVE ? AT_RECURSIVE : 0;
	int tree = open_tree(AT_FDCWD, step->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive);
	if (tree < 0)
		return -1;
	/* A server that does not answer is nobody's concern but of who looks into its mount. */
	struct statx sx;
	int fd = -1;
	int result = statx(tree, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &sx);
	if (result == 0 && step->options & PAK_STEP_READ_ONLY) {
		/* Only sets a flag: those that the host has locked stay as they are. */
		struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
		result = mount_setattr(tree, "", AT_EMPTY_PATH | recursive, &attributes, sizeof attributes);
	}
	if (result == 0)
		result = fd = place(own, step->target, S_ISDIR(sx.stx_mode) ? MADE_DIRECTORY : MADE_FILE,
			S_ISDIR(sx.stx_mode) ? 0755 : 0644);
	if (result >= 0)
		result = move_mount(tree, "", fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	int saved = errno;
	close(tree);
	if (fd >= 0)
		close(fd);
	errno = saved;
	return result;
}

static int mount_step(struct own *own, const struct pak_step *step)
{
	int fd = place(own, step->target, MADE_DIRECTORY, 0755);
	if (fd < 0)
		return -1;
	int result = mount_at(fd, step, step->data);
	int saved = errno;
	close(fd);
	if (result == 0 && strcmp(step->type, "tmpfs") == 0 && (fd = place(own, step->target, 0, 0)) >= 0) {
		struct stat st;
		if (fstat(fd, &st) == 0 && own->count < OWN_LIMIT)
			own->devices[own->count++] = st.st_dev;
		close(fd);
	}
	errno = saved;
	return result;
}

static int fuse_step(const struct pak_view *view, struct own *own, const struct pak_step *step,
	struct view_keeper *keeper)
{
	char data[4096];
	size_t length = strlen(step->data);
	if (length > sizeof data - 32) {
		errno = E2BIG;
		return -1;
	}
	int fd = place(own, step->target, MADE_DIRECTORY, 0755);
	if (fd < 0)
		return -1;
	/* By the user namespace that will own the mount: the kernel wants the same one of both. */
	int device = open("/host/dev/fuse", O_RDWR | O_CLOEXEC);
	int result = device;
	if (device >= 0) {
		memcpy(data, "fd=", 3);
		size_t at = 3 + view_decimal(data + 3, (uint64_t)device);
		data[at++] = ',';
		memcpy(data + at, step->data, length + 1);
		result = mount_at(fd, step, data);
	}
	if (result == 0)
		result = view_say(view->socket, PAK_SAY_HANDED, step->number, 0, device);
	int saved = errno;
	if (device >= 0)
		close(device);
	close(fd);
	if (result == 0 && view->answered != 0 && keeper->fuse_count < VIEW_FUSE_LIMIT) {
		result = fd = place(own, step->target, MADE_NOTHING, 0);
		if (fd >= 0)
			keeper->fuse[keeper->fuse_count++] = fd;
		return fd < 0 ? -1 : 0;
	}
	errno = saved;
	return result;
}

/* The directory that a name is to be made in, and the name. */
static int link_step(struct own *own, const struct pak_step *step)
{
	char path[4096];
	const char *name = strrchr(step->target, '/');
	size_t length = (size_t)(name - step->target);
	if (length >= sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, step->target, length);
	path[length] = 0;
	int folder = place(own, path, MADE_DIRECTORY, 0755);
	if (folder < 0)
		return -1;
	int result = -1;
	if (is_own(own, folder))
		result = symlinkat(step->source, folder, name + 1);
	else
		errno = EROFS;
	int saved = errno;
	close(folder);
	errno = saved;
	return result;
}

static int made_step(struct own *own, const struct pak_step *step)
{
	int fd = place(own, step->target, step->kind == PAK_STEP_FILE ? MADE_FILE : MADE_DIRECTORY,
		step->mode);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int fill_step(const struct pak_view *view, struct own *own, const struct pak_step *step)
{
	int place_fd = place(own, step->target, MADE_DIRECTORY, 0755);
	if (place_fd < 0)
		return -1;
	int fd = openat(place_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 ? -1 : view_say(view->socket, PAK_SAY_HANDED, step->number, 0, fd);
	int saved = errno;
	close(place_fd);
	if (fd >= 0)
		close(fd);
	struct pak_saying_packet packet;
	int descriptor;
	while (result == 0) {
		ssize_t got = pak_view_receive(view->socket, &packet, sizeof packet, &descriptor);
		if (got <= 0)
			_exit(125);
		if (got == sizeof packet && packet.saying == PAK_SAY_GO)
			break;
	}
	errno = saved;
	return result;
}

/* A root of our own with the host below /host; the host's mounts are no longer told of ours. */
static int bare_root(struct own *own)
{
	const char *at = "/tmp";
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0)
		return PAK_STAGE_MOUNTS;
	if (mount("pak", at, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return PAK_STAGE_MOUNTS;
		at = "/proc";
		if (mount("pak", at, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0)
			return PAK_STAGE_MOUNTS;
	}
	if (chdir(at) != 0 || mkdir("host", 0755) != 0 || mkdir("view", 0755) != 0
		|| mkdir("hidden", 0755) != 0 || syscall(SYS_pivot_root, ".", "host") != 0
		|| chdir("/") != 0 || mount("pak", "/view", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0)
		return PAK_STAGE_ROOT;
	add_own(own, "/");
	add_own(own, "/view");
	return 0;
}

int view_build(const struct pak_view *view, struct view_keeper *keeper)
{
	struct own own;
	own.count = 0;
	mode_t mask = umask(0);
	int failed = bare_root(&own);
	for (size_t i = 0; failed == 0 && i < view->step_count; i++) {
		const struct pak_step *step = &view->steps[i];
		int result;
		switch (step->kind) {
		case PAK_STEP_MOUNT: result = mount_step(&own, step); break;
		case PAK_STEP_FUSE: result = fuse_step(view, &own, step, keeper); break;
		case PAK_STEP_BIND: result = bind_step(&own, step); break;
		case PAK_STEP_LINK: result = link_step(&own, step); break;
		case PAK_STEP_FILL: result = fill_step(view, &own, step); break;
		default: result = made_step(&own, step);
		}
		if (result < 0 && !(step->options & PAK_STEP_OPTIONAL)) {
			view_say(view->socket, PAK_SAY_FAILED, step->number, errno, -1);
			return -1;
		}
	}
	/* The root is put on top of the old one, which is then taken away with all that is below. */
	if (failed == 0
		&& (chdir("/view") != 0 || syscall(SYS_pivot_root, ".", ".") != 0
			|| umount2(".", MNT_DETACH) != 0 || chdir("/") != 0))
		failed = PAK_STAGE_PIVOT;
	umask(mask);
	if (failed != 0) {
		view_say(view->socket, PAK_SAY_FAILED, failed, errno, -1);
		return -1;
	}
	return 0;
}
