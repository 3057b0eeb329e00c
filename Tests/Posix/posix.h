#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/*
 * A case is one line of `EXPECT`, `IS` or `WAS`: it has a name (its group, its context, its own
 * text), and passes, fails, or is on the list of those that the file system's client refuses.
 */

/* A call that is to succeed (0) or to fail with an error. */
#define EXPECT(error, call) (errno = 0, expect(error, (call), #call))
/* The same, made by a user with one group. */
#define EXPECT_AS(uid, gid, error, call) (be(uid, gid), EXPECT(error, call), be_root())
/* Two numbers that are to be equal. */
#define IS(actual, expected) is((long long)(actual), (long long)(expected), #actual)
/* What is to be so. */
#define WAS(condition) is(!!(condition), 1, #condition)

void expect(int error, long result, const char *text);
void is(long long actual, long long expected, const char *text);
/* What the following cases are about, beside their group; "" for nothing more. */
void about(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Another effective user, with a group of its own and up to two further ones; 0 for none. */
void be(uid_t uid, gid_t gid);
void be_in(uid_t uid, gid_t gid, gid_t second, gid_t third);
void be_root(void);

/* Makes things without a case: whatever fails here ends the program. */
void make_file(const char *path, const char *contents);
void make_dir(const char *path);
void make_link(const char *target, const char *path);
/* A file of any kind: f d p s c b l, or D for a directory with something in it. */
void make(char type, const char *path);
/* Removes a path and what is below it. */
void clear(const char *path);

struct stat look(const char *path);
mode_t mode_of(const char *path);
/* The whole of a small file; valid until the next call. */
const char *text_of(const char *path);
/* Waits until the clock by which files are stamped shows another time. */
void tick(void);
/* Runs `body` in a process of its own; what it returns. */
int in_child(int (*body)(void));
/* A name of so many bytes; valid until the next call but one. */
char *name_of(int length);

extern bool is_large;
/* The same directory through another mount; NULL when there is none. */
extern const char *second_mount;

void names(void);
void errors(void);
void creation(void);
void opening(void);
void renames(void);
void links(void);
void permissions(void);
void sticky(void);
void owners(void);
void modes(void);
void times(void);
void stamps(void);
void data(void);
void sparse(void);
void removed(void);
void devices(void);
void listing(void);
void mapping(void);
void attributes(void);
void locks(void);
void clients(void);
void rest(void);

/* Makes what `readonly` wants to find. */
void sample(void);
/* The only group of a tree that cannot be changed. */
void readonly(void);
