/* A server that a command leaves behind, which is a copy of its process. */
#ifndef CBACKGROUND_H
#define CBACKGROUND_H

/* Returns 0 in the copy.  This process waits until the copy says that it is ready, and ends; with its
 * status when it never is.  -1 with errno when there can be no copy.  To be called before any thread
 * is started: a copy has one alone.
 *
 * `pak mount` with nothing but paths makes the copy before main is entered: all that a process has
 * touched by then is touched again in its copy, page by page, which took as long as a mount does.
 * This call then finds it made. */
int pak_leave_server(void);

/* Says that all is ready, and lets go of the terminal, if somebody waits for that. Signals that are to
 * take a mount away do so from now on. */
void pak_server_is_ready(void);

/* Has SIGTERM, SIGINT and SIGHUP take the mount at the absolute path away, lazily: who still uses it
 * sees it to the end.  One that fails is told, and tried again by the next signal, as where another
 * mount lies over it.  To be called once,
 * before it is mounted: they wait for pak_server_is_ready, since there is nothing to take away before.
 * A copy leaves the terminal's reach by it.  -1 with errno. */
int pak_unmount_at_end(const char *path);

#endif
