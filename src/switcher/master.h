/* master.h - the renditions of a stream with a multivariant playlist, found at both origins */
#pragma once

#include "hls/playlist.h"
#include "switcher/policy.h"

G_BEGIN_DECLS

#define US_MASTER_MAX_RENDITIONS 16

/* UsMasterEntry: one media playlist that the multivariant one names. */
typedef struct {
  char *name;              /* as we serve it, without its ending: "v0", "a1" */
  gboolean is_variant;     /* of EXT-X-STREAM-INF; else of EXT-X-MEDIA */
  char *uri;               /* at the origin that leads, as written */
  guint ordinal;           /* among those of its kind there */
  char *url[US_N_ORIGINS]; /* (nullable): absolute */
} UsMasterEntry;

typedef struct UsMaster UsMaster;

UsMaster *us_master_new (const UsPlaylist *lead);
void us_master_free (UsMaster *master);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsMaster, us_master_free)

guint us_master_get_n_entries (const UsMaster *master);
const UsMasterEntry *us_master_get_entry (const UsMaster *master, guint index);
guint us_master_get_n_left_out (const UsMaster *master);
void us_master_match (UsMaster *master, UsOriginId origin, const UsPlaylist *its,
                      const char *its_url);
char *us_master_render (const UsMaster *master);

G_END_DECLS
