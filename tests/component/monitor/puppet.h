/* puppet.h - a server that says exactly what it is told to, path by path */
#pragma once

#include "http/server.h"

typedef struct Puppet Puppet;

Puppet *puppet_new (void);
Puppet *puppet_new_at (const char *address);
/* Nobody listens any more; what it says is kept. */
void puppet_vanish (Puppet *puppet);
void puppet_return (Puppet *puppet);
void puppet_free (Puppet *puppet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Puppet, puppet_free)

char *puppet_url (Puppet *puppet, const char *path);
void puppet_say (Puppet *puppet, const char *path, guint status, const char *type, GBytes *body);
void puppet_say_text (Puppet *puppet, const char *path, const char *text); /* a playlist, 200 */
void puppet_redirect (Puppet *puppet, const char *path, const char *location);
/* From now on it holds each request for so long, and then answers 503; 0: no more. */
void puppet_hold (Puppet *puppet, guint hold_ms);
guint puppet_count (Puppet *puppet, const char *path);

/* A port that takes connections and never answers. */
typedef struct Hole Hole;
Hole *hole_new (void);
void hole_free (Hole *hole);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Hole, hole_free)
char *hole_url (Hole *hole, const char *path);
