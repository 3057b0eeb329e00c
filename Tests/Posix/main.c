/*
 * posix [-l] [-r list] [-2 directory] [-g group] [-m | -o] directory - checks a file system against POSIX,
 * and Linux where POSIX leaves it open, as root in an empty directory of it.
 *
 *	-l	files of some GB are made, sparse ones
 *	-r	a list of the cases that the client of this file system refuses: a pattern, a tab and
 *		the reason a line; a case on the list that passes is a failure
 *	-2	the same directory through another mount, for what two clients do to each other
 *	-g	that group of cases alone
 *	-m	nothing is checked, and what -o wants to find is made
 *	-o	the file system can only be read
 */
#include "posix.h"
#include <fnmatch.h>
#include <ftw.h>

bool is_large;
const char *second_mount;

static int checks, failures, refused;
static const char *group;
static char context[256];

struct refusal { char *pattern; bool used; };
static struct refusal refusals[256];
static int refusal_count;

static void die(const char *what)
{
	printf("posix: %s: %s: %s\n", group ? group : "start", what, strerror(errno));
	exit(2);
}

static void judge(bool ok, const char *text, const char *what)
{
	char name[1024];

	snprintf(name, sizeof name, "%s%s%s: %s", group, *context ? " " : "", context, text);
	checks++;
	for (int i = 0; i < refusal_count; i++)
		if (fnmatch(refusals[i].pattern, name, 0) == 0) {
			refusals[i].used = true;
			if (!ok) {
				refused++;
				return;
			}
			ok = false;
			what = "passes, though it is on the list";
		}
	if (!ok) {
		failures++;
		printf("%s: %s\n", name, what);
	}
}

void expect(int error, long result, const char *text)
{
	int actual = errno;
	char what[128];
	bool failed = result == -1;

	if (!failed)
		snprintf(what, sizeof what, "no error, %s expected", strerror(error));
	else if (error)
		snprintf(what, sizeof what, "%s, %s expected", strerror(actual), strerror(error));
	else
		snprintf(what, sizeof what, "%s", strerror(actual));
	judge(error ? failed && actual == error : !failed, text, what);
}

void is(long long actual, long long expected, const char *text)
{
	char what[128];

	snprintf(what, sizeof what, "%lld (0%llo), not %lld (0%llo)", actual, actual, expected, expected);
	judge(actual == expected, text, what);
}

void about(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(context, sizeof context, format, arguments);
	va_end(arguments);
}

void be_in(uid_t uid, gid_t gid, gid_t second, gid_t third)
{
	gid_t groups[3] = { gid, second, third };

	if (setgroups(third ? 3 : second ? 2 : 1, groups) || setegid(gid) || seteuid(uid))
		die("another user");
}

void be(uid_t uid, gid_t gid) { be_in(uid, gid, 0, 0); }

void be_root(void)
{
	int error = errno;

	if (seteuid(0) || setegid(0) || setgroups(0, NULL))
		die("root");
	errno = error;
}

void make_file(const char *path, const char *contents)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (file < 0 || write(file, contents, strlen(contents)) < 0 || close(file))
		die(path);
}

void make_dir(const char *path)
{
	if (mkdir(path, 0755))
		die(path);
}

void make_link(const char *target, const char *path)
{
	if (symlink(target, path))
		die(path);
}

void make(char type, const char *path)
{
	char inside[PATH_MAX];
	int result = 0;

	switch (type) {
	case 'f': make_file(path, "text"); break;
	case 'd': make_dir(path); break;
	case 'D':
		make_dir(path);
		snprintf(inside, sizeof inside, "%s/inside", path);
		make_file(inside, "");
		break;
	case 'l': make_link("nowhere", path); break;
	case 'p': result = mkfifo(path, 0644); break;
	case 's': result = mknod(path, S_IFSOCK | 0644, 0); break;
	case 'c': result = mknod(path, S_IFCHR | 0644, makedev(1, 3)); break;
	case 'b': result = mknod(path, S_IFBLK | 0644, makedev(7, 0)); break;
	}
	if (result)
		die(path);
}

static int forget(const char *path, const struct stat *stat, int type, struct FTW *place)
{
	(void)stat, (void)place;
	return type == FTW_DP || type == FTW_D || type == FTW_DNR ? rmdir(path) : unlink(path);
}

void clear(const char *path)
{
	if (nftw(path, forget, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
		die(path);
}

struct stat look(const char *path)
{
	struct stat stat;

	if (lstat(path, &stat))
		memset(&stat, 0, sizeof stat);
	return stat;
}

mode_t mode_of(const char *path) { return look(path).st_mode & 07777; }

const char *text_of(const char *path)
{
	static char text[4096];
	int file = open(path, O_RDONLY);
	ssize_t count = file < 0 ? -1 : read(file, text, sizeof text - 1);

	if (file >= 0)
		close(file);
	text[count < 0 ? 0 : count] = 0;
	return count < 0 ? "(cannot be read)" : text;
}

void tick(void)
{
	struct timespec start, now;

	for (int times = 0; times < 2; times++) {
		clock_gettime(CLOCK_REALTIME_COARSE, &start);
		do
			clock_gettime(CLOCK_REALTIME_COARSE, &now);
		while (now.tv_sec == start.tv_sec && now.tv_nsec == start.tv_nsec);
	}
}

int in_child(int (*body)(void))
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(body());
	if (child < 0 || waitpid(child, &status, 0) < 0)
		die("child");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

char *name_of(int length)
{
	static char buffers[2][PATH_MAX + 2];
	static int turn;
	char *name = buffers[turn++ % 2];

	memset(name, 'n', length);
	name[length] = 0;
	return name;
}

static void read_refusals(const char *path)
{
	FILE *list = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;

	if (!list)
		die(path);
	while (getline(&line, &size, list) > 0 && refusal_count < 256) {
		line[strcspn(line, "\t\n")] = 0;
		if (*line && *line != '#')
			refusals[refusal_count++].pattern = strdup(line);
	}
	free(line);
	fclose(list);
}

static const struct { const char *name; void (*body)(void); } groups[] = {
	{ "names", names }, { "errors", errors }, { "creation", creation },
	{ "opening", opening }, { "renames", renames }, { "links", links },
	{ "permissions", permissions }, { "sticky", sticky }, { "owners", owners },
	{ "modes", modes }, { "times", times }, { "stamps", stamps }, { "data", data },
	{ "sparse", sparse }, { "removed", removed }, { "devices", devices },
	{ "listing", listing }, { "mapping", mapping }, { "attributes", attributes },
	{ "locks", locks }, { "clients", clients }, { "rest", rest },
};

int main(int argc, char **argv)
{
	const char *only = NULL, *directory;
	bool makes = false, reads = false;
	int option;

	while ((option = getopt(argc, argv, "lr:2:g:mow")) != -1)
		switch (option) {
		case 'l': is_large = true; break;
		case 'r': read_refusals(optarg); break;
		case '2': second_mount = optarg; break;
		case 'g': only = optarg; break;
		case 'm': makes = true; break;
		case 'o': reads = true; break;
		case 'w': return getchar() != EOF;	/* A program that runs, for `opening`. */
		default: return 2;
		}
	if (optind + 1 != argc || geteuid() != 0) {
		printf("usage: posix [-l] [-r list] [-2 directory] [-g group] [-m | -o] directory, as root\n");
		return 2;
	}
	directory = argv[optind];
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (makes || reads) {
		group = "readonly";
		umask(022);
		if (chdir(directory))
			die(directory);
		makes ? sample() : readonly();
	}
	for (size_t i = 0; i < sizeof groups / sizeof *groups && !makes && !reads; i++) {
		if (only && strcmp(only, groups[i].name))
			continue;
		umask(0);
		if (chdir(directory) || mkdir("here", 0777) || chdir("here"))
			die(directory);
		umask(022);
		group = groups[i].name;
		about("%s", "");
		groups[i].body();
		be_root();
		if (chdir(directory))
			die(directory);
		clear("here");
	}
	for (int i = 0; i < refusal_count && !only; i++)
		if (!refusals[i].used) {
			failures++;
			printf("%s: on the list, and no case\n", refusals[i].pattern);
		}
	printf("%d cases: %d passed, %d refused by the client, %d failed\n", checks,
		checks - refused - failures, refused, failures);
	return failures ? 1 : 0;
}
