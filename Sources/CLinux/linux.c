#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

int pak_open_beneath(int dirfd, const char *path, int flags, unsigned mode, int follow_links)
{
	struct open_how how;
	memset(&how, 0, sizeof how);
	how.flags = (uint64_t)(unsigned)flags | O_CLOEXEC;
	how.mode = mode;
	how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (follow_links ? 0 : RESOLVE_NO_SYMLINKS);
	/* EAGAIN: a rename raced with the look-up of "..": the kernel asks for another try. */
	for (int tries = 0;; tries++) {
		long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);
		if (fd >= 0 || errno != EAGAIN || tries == 8)
			return (int)fd;
	}
}

int pak_stat_at(int dirfd, const char *path, struct pak_stat *out)
{
	struct statx sx;
	if (statx(dirfd, path, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
			STATX_BASIC_STATS | STATX_BTIME, &sx) != 0)
		return -1;
	out->device = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	out->inode = sx.stx_ino;
	out->size = sx.stx_size;
	out->blocks = sx.stx_blocks;
	out->rdev = makedev(sx.stx_rdev_major, sx.stx_rdev_minor);
	out->mode = sx.stx_mode;
	out->uid = sx.stx_uid;
	out->gid = sx.stx_gid;
	out->nlink = sx.stx_nlink;
	out->block_size = sx.stx_blksize;
	out->atime = sx.stx_atime.tv_sec;
	out->atime_ns = sx.stx_atime.tv_nsec;
	out->mtime = sx.stx_mtime.tv_sec;
	out->mtime_ns = sx.stx_mtime.tv_nsec;
	out->ctime = sx.stx_ctime.tv_sec;
	out->ctime_ns = sx.stx_ctime.tv_nsec;
	out->btime = (sx.stx_mask & STATX_BTIME) ? sx.stx_btime.tv_sec : 0;
	out->btime_ns = (sx.stx_mask & STATX_BTIME) ? sx.stx_btime.tv_nsec : 0;
	return 0;
}

int pak_statfs_at(int fd, struct pak_statfs *out)
{
	struct statfs fs;
	if (fstatfs(fd, &fs) != 0)
		return -1;
	out->block_size = fs.f_bsize;
	out->blocks = fs.f_blocks;
	out->available = fs.f_bavail;
	out->files = fs.f_files;
	out->free_files = fs.f_ffree;
	return 0;
}

ssize_t pak_read_directory(int fd, void *buffer, size_t size)
{
	return syscall(SYS_getdents64, fd, buffer, size);
}

int pak_sync_file_system(int fd)
{
	return syncfs(fd);
}

int64_t pak_next_data(int fd, int64_t offset)
{
	return lseek(fd, offset, SEEK_DATA);
}

int64_t pak_next_hole(int fd, int64_t offset)
{
	return lseek(fd, offset, SEEK_HOLE);
}

int pak_clone(int to, int from)
{
	return ioctl(to, FICLONE, from);
}

const long pak_utime_omit = UTIME_OMIT;

ssize_t pak_append(int fd, const void *bytes, size_t count)
{
	struct iovec all = { (void *)bytes, count };
	return pwritev2(fd, &all, 1, 0, RWF_APPEND);
}

int pak_rename_at(int from, const char *name, int to, const char *new_name, int replace)
{
	return renameat2(from, name, to, new_name, replace ? 0 : RENAME_NOREPLACE);
}

const long pak_utime_now = UTIME_NOW;

int pak_set_times(int fd, int64_t atime, long atime_ns, int64_t mtime, long mtime_ns)
{
	struct timespec times[2] = { { atime, atime_ns }, { mtime, mtime_ns } };
	return utimensat(fd, "", times, AT_EMPTY_PATH);
}

const int pak_o_path = O_PATH;
const int pak_o_tmpfile = O_TMPFILE;

int pak_nameless_file(const char *folder)
{
	char name[4096];
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd;
	if (snprintf(name, sizeof name, "%s/pak.XXXXXX", folder) >= (int)sizeof name) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

int pak_memory_file(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC);
}

int pak_private_mounts(void)
{
	/* What takes no right is had in any case. */
	if (unshare(CLONE_FS) != 0 || unshare(CLONE_NEWNS) != 0)
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int pak_known_type(const char *path, uint32_t *type)
{
	struct statx sx;
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE,
			&sx) != 0)
		return -1;
	*type = sx.stx_mode & S_IFMT;
	return 0;
}

int pak_may_be_mounted(const char *path)
{
	struct statx sx;
	return statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE,
			&sx) != 0
		|| !(sx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		|| (sx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int pak_may_mount(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective >> CAP_SYS_ADMIN & 1) != 0;
}

/* The limit before it was raised; 0 while it was not. */
static _Atomic rlim_t found_descriptors;

uint64_t pak_raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	if (limit.rlim_cur < limit.rlim_max) {
		rlim_t found = limit.rlim_cur;
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			return found;
		found_descriptors = found;
	}
	return limit.rlim_cur;
}

void pak_restore_descriptors(void)
{
	struct rlimit limit;
	if (found_descriptors == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = found_descriptors < limit.rlim_max ? found_descriptors : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
