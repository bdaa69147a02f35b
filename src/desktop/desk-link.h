/* desk-link.h - the desktop's way to the desk: its events, its active incidents, acknowledging */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* UsDeskLink: in the main context of who made it; no callback after it is freed. */
typedef struct UsDeskLink UsDeskLink;

/* @event: what /api/events tells
 * @active: all that is active, after each connection: what was told before may be missing
 * @refused: an incident could not be acknowledged, in a sentence */
typedef struct {
  void (*event) (const char *kind, JsonNode *data, gpointer user_data);
  void (*active) (JsonNode *incidents, gpointer user_data);
  void (*refused) (const char *incident, const char *why, gpointer user_data);
} UsDeskLinkHandler;

UsDeskLink *us_desk_link_new (const char *base_url, const char *authorization,
                              const UsDeskLinkHandler *handler, gpointer user_data);
void us_desk_link_acknowledge (UsDeskLink *link, const char *incident);
void us_desk_link_free (UsDeskLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsDeskLink, us_desk_link_free)

G_END_DECLS
