#pragma once

struct sockaddr_un;

/* The address of a unix socket; -1 with errno ENAMETOOLONG for a path that does not fit. */
int pak_unix_address(const char *path, struct sockaddr_un *at);
