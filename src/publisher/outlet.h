/* outlet.h - sends items to one RTMP URL and keeps at it */
#pragma once

#include "publisher/source.h"

G_BEGIN_DECLS

/* UsOutlet: connects when its first item comes, so that a source that gives nothing bothers no
 * server; after a lost connection it goes on at a key frame. On the thread-default main context of
 * us_outlet_new(). */
typedef struct UsOutlet UsOutlet;

typedef void (*UsOutletFunc) (UsOutlet *outlet, gpointer user_data);

/* @stopped: once, from the loop, after us_outlet_stop() */
UsOutlet *us_outlet_new (const char *url, UsOutletFunc stopped, gpointer user_data);
void us_outlet_push (UsOutlet *outlet, const UsSourceItem *item);
void us_outlet_rest (UsOutlet *outlet);
void us_outlet_stop (UsOutlet *outlet);
void us_outlet_free (UsOutlet *outlet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsOutlet, us_outlet_free)

G_END_DECLS
