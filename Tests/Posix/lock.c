/* Locks between processes, two clients of one tree, and the rest. */
#include "posix.h"

static int lock(int file, int command, int type, off_t start, off_t length)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };

	return fcntl(file, command, &lock);
}

/* Another process with the file of a path open, that does as it is told a letter at a time. */
struct other { pid_t pid; int in, out; };

static struct other start_other(const char *path)
{
	int in[2], out[2];
	struct other other = { 0 };

	if (pipe(in) || pipe(out))
		return other;
	fflush(stdout);
	other.pid = fork();
	if (other.pid == 0) {
		char order;
		int file;

		for (int inherited = 3; inherited < 64; inherited++)
			if (inherited != in[0] && inherited != out[1])
				close(inherited);
		file = open(path, O_RDWR);
		while (read(in[0], &order, 1) == 1) {
			int result = 0;
			switch (order) {
			case 'w': result = lock(file, F_SETLK, F_WRLCK, 10, 10); break;
			case 'r': result = lock(file, F_SETLK, F_RDLCK, 10, 10); break;
			case 'u': result = lock(file, F_SETLK, F_UNLCK, 0, 0); break;
			case 'e': result = lock(file, F_SETLK, F_WRLCK, 100, 0); break;
			case 'W': /* Says that it begins to wait, then that it has it. */
				result = write(out[1], "!", 1) != 1;
				result = lock(file, F_SETLKW, F_WRLCK, 10, 10);
				break;
			case 'x': result = flock(file, LOCK_EX | LOCK_NB); break;
			case 's': result = flock(file, LOCK_SH | LOCK_NB); break;
			case 'n': result = flock(file, LOCK_UN); break;
			case 'c': result = close(open(path, O_RDONLY)); break;
			case 'q': _exit(0);
			}
			char answer = result == 0 ? 'y' : errno == EAGAIN || errno == EACCES ? 'n' : '?';
			if (write(out[1], &answer, 1) != 1)
				break;
		}
		_exit(1);
	}
	close(in[0]);
	close(out[1]);
	other.in = in[1];
	other.out = out[0];
	return other;
}

static char hear(struct other *other)
{
	char answer = 0;
	struct pollfd wait = { other->out, POLLIN, 0 };

	return poll(&wait, 1, 20000) == 1 && read(other->out, &answer, 1) == 1 ? answer : 0;
}

static char tell(struct other *other, char order)
{
	return write(other->in, &order, 1) == 1 ? hear(other) : 0;
}

static void end_other(struct other *other, int number)
{
	kill(other->pid, number);
	waitpid(other->pid, NULL, 0);
	close(other->in);
	close(other->out);
}

static void rang(int number) { (void)number; }

/* `path` is what the other process opens: the same file, maybe through another mount. */
static void contend(const char *path, bool same_machine)
{
	struct other other = start_other(path);
	int file = open("f", O_RDWR);
	struct flock found;

	EXPECT(0, lock(file, F_SETLK, F_WRLCK, 0, 15));
	IS(tell(&other, 'w'), 'n');
	IS(tell(&other, 'r'), 'n');
	EXPECT(0, lock(file, F_SETLK, F_UNLCK, 10, 5));
	IS(tell(&other, 'w'), 'y');
	EXPECT(EAGAIN, lock(file, F_SETLK, F_RDLCK, 19, 1));
	EXPECT(0, lock(file, F_SETLK, F_WRLCK, 20, 5));
	found = (struct flock){ .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 100 };
	EXPECT(0, fcntl(file, F_GETLK, &found));
	IS(found.l_type, F_WRLCK);
	IS(found.l_start, 10);
	IS(found.l_len, 10);
	if (same_machine)
		IS(found.l_pid, other.pid);
	IS(tell(&other, 'u'), 'y');
	found = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
	EXPECT(0, fcntl(file, F_GETLK, &found));
	IS(found.l_type, F_UNLCK);
	EXPECT(0, lock(file, F_SETLK, F_RDLCK, 0, 50));
	IS(tell(&other, 'r'), 'y');
	IS(tell(&other, 'w'), 'n');
	EXPECT(EAGAIN, lock(file, F_SETLK, F_WRLCK, 15, 1));
	IS(tell(&other, 'e'), 'y');
	EXPECT(EAGAIN, lock(file, F_SETLK, F_RDLCK, 1000000, 1));
	EXPECT(0, lock(file, F_SETLK, F_UNLCK, 0, 0));
	IS(tell(&other, 'w'), 'y');

	/* Any descriptor of the file that is closed takes the process's locks along. */
	IS(tell(&other, 'c'), 'y');
	EXPECT(0, lock(file, F_SETLK, F_WRLCK, 0, 0));

	/* One who waits gets it. */
	IS(tell(&other, 'W'), '!');
	EXPECT(0, lock(file, F_SETLK, F_UNLCK, 0, 0));
	IS(hear(&other), 'y');
	EXPECT(EAGAIN, lock(file, F_SETLK, F_WRLCK, 10, 1));

	/* A process that dies lets go, and one that dies waiting is out of the line. */
	end_other(&other, SIGKILL);
	EXPECT(0, lock(file, F_SETLK, F_WRLCK, 0, 0));
	other = start_other(path);
	IS(tell(&other, 'W'), '!');
	end_other(&other, SIGKILL);
	EXPECT(0, lock(file, F_SETLK, F_UNLCK, 0, 0));
	other = start_other(path);
	IS(tell(&other, 'w'), 'y');
	IS(tell(&other, 'u'), 'y');

	EXPECT(0, flock(file, LOCK_EX | LOCK_NB));
	IS(tell(&other, 'x'), 'n');
	IS(tell(&other, 's'), 'n');
	EXPECT(0, flock(file, LOCK_SH | LOCK_NB));
	IS(tell(&other, 's'), 'y');
	IS(tell(&other, 'x'), 'n');
	EXPECT(0, flock(file, LOCK_UN));
	IS(tell(&other, 'x'), 'y');
	EXPECT(EAGAIN, flock(file, LOCK_SH | LOCK_NB));
	IS(tell(&other, 'n'), 'y');
	EXPECT(0, flock(file, LOCK_EX | LOCK_NB));
	close(file);
	IS(tell(&other, 'x'), 'y');
	end_other(&other, SIGTERM);
}

void locks(void)
{
	make_file("f", "text");
	contend("f", true);

	about("one process");
	int file = open("f", O_RDWR);
	EXPECT(0, lock(file, F_SETLK, F_WRLCK, 0, 10));
	EXPECT(0, lock(file, F_SETLK, F_RDLCK, 2, 3));
	EXPECT(0, lock(file, F_SETLK, F_UNLCK, 0, 0));
	EXPECT(EINVAL, lock(file, F_SETLK, 77, 0, 0));
	EXPECT(EINVAL, lock(file, F_SETLK, F_RDLCK, -1, 1));
	int reader = open("f", O_RDONLY);
	EXPECT(EBADF, lock(reader, F_SETLK, F_WRLCK, 0, 1));
	EXPECT(0, lock(reader, F_SETLK, F_RDLCK, 0, 1));
	close(reader);

	about("a wait that is interrupted");
	struct other other = start_other("f");
	IS(tell(&other, 'w'), 'y');
	struct sigaction action = { .sa_handler = rang };
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	EXPECT(EINTR, lock(file, F_SETLKW, F_WRLCK, 10, 1));
	end_other(&other, SIGTERM);
	close(file);
}

void clients(void)
{
	char path[PATH_MAX], text[64] = "";
	struct stat stat_;

	if (!second_mount)
		return;
	make_file("f", "text");
	snprintf(path, sizeof path, "%s/here/f", second_mount);
	contend(path, false);

	about("what one does the other sees");
	int mine = open("f", O_RDWR), theirs = open(path, O_RDWR);
	IS(pwrite(mine, "TEXT!", 5, 0), 5);
	EXPECT(0, fsync(mine));
	close(theirs);
	theirs = open(path, O_RDWR);
	IS(pread(theirs, text, 64, 0), 5);
	WAS(memcmp(text, "TEXT!", 5) == 0);
	EXPECT(0, chmod("f", 0604));
	EXPECT(0, stat(path, &stat_));
	IS(stat_.st_mode & 07777, 0604);
	EXPECT(0, unlink(path));
	EXPECT(0, fstat(mine, &stat_));
	IS(stat_.st_nlink, 0);
	IS(pread(mine, text, 64, 0), 5);
	IS(pwrite(theirs, "x", 1, 0), 1);
	EXPECT(0, ftruncate(theirs, 2));
	close(mine);
	close(theirs);
	EXPECT(ENOENT, access("f", F_OK));
	make_dir("d");
	snprintf(path, sizeof path, "%s/here/d/e", second_mount);
	EXPECT(0, mkdir(path, 0755));
	EXPECT(EEXIST, mkdir("d/e", 0755));
	EXPECT(ENOTEMPTY, rmdir("d"));
	snprintf(path, sizeof path, "%s/here/d", second_mount);
	EXPECT(0, rename("d", "moved"));
	EXPECT(ENOENT, access(path, F_OK));
}

void rest(void)
{
	struct statvfs room;
	char text[16] = "";

	about("statvfs");
	EXPECT(0, statvfs(".", &room));
	IS(room.f_namemax, 255);
	WAS(room.f_bsize >= 512 && room.f_frsize >= 512);
	WAS(room.f_blocks > 0 && room.f_bfree <= room.f_blocks && room.f_bavail <= room.f_bfree);
	WAS(room.f_files > 0 && room.f_ffree <= room.f_files);

	about("sync");
	int file = open("f", O_CREAT | O_RDWR | O_SYNC, 0644);
	IS(write(file, "text", 4), 4);
	EXPECT(0, fsync(file));
	EXPECT(0, fdatasync(file));
	EXPECT(0, syncfs(file));

	about("copies");
	int copy = open("g", O_CREAT | O_RDWR, 0644);
	off_t from = 0;
	IS(copy_file_range(file, &from, copy, NULL, 4, 0), 4);
	IS(pread(copy, text, 16, 0), 4);
	WAS(memcmp(text, "text", 4) == 0);
	close(copy);
	about("fallocate");
	EXPECT(0, fallocate(file, 0, 0, 8192));
	about("posix_fallocate");
	IS(posix_fallocate(file, 0, 8192), 0);
	IS(look("f").st_size, 8192);
	about("posix_fadvise");
	IS(posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
	close(file);

	about("identity");
	struct stat here = look("."), there = look("f");
	IS(here.st_dev, there.st_dev);
	WAS(here.st_ino != there.st_ino && there.st_ino != 0);
	IS(look("f").st_ino, there.st_ino);
	WAS(look("f").st_blocks >= 0 && look("f").st_blksize > 0);
}
