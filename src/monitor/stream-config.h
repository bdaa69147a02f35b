/* stream-config.h - one watched stream as its operator wants it */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_STREAM_MAX_NAME 200
#define US_STREAM_MAX_URL 2048
#define US_STREAMS_MAX 5000

#define US_STREAM_ERROR us_stream_error_quark ()
typedef enum {
  US_STREAM_ERROR_VALUE,     /* a member is out of range; the pointer says which */
  US_STREAM_ERROR_DUPLICATE, /* the URL is watched already */
  US_STREAM_ERROR_UNKNOWN,   /* no such stream */
  US_STREAM_ERROR_LIMIT,
  US_STREAM_ERROR_FILE, /* the streams file; says path and line */
  US_STREAM_ERROR_OWN,  /* not for a stream that is there by itself */
} UsStreamError;
GQuark us_stream_error_quark (void);

/* UsStreamConfig: owned strings. */
typedef struct {
  char *id;         /* 1 to 64 of [a-z0-9-]; made by us, stable */
  char *name;       /* for people; unique is not asked for */
  char *url;        /* of a media or multivariant playlist */
  gboolean is_own;  /* of our own chain: appears by itself, not in the file */
  char *own_stream; /* nullable: its name in the chain */
  gboolean is_paused;
  double segment_share; /* of the segments fetched: 0 (playlists only) to 1 (all) */
  gboolean has_black, has_frozen, has_silent; /* content checks wanted */
  gint64 maintenance_until_us; /* since the epoch; 0: none. No incidents in the meantime */
  char *maintenance_reason;    /* nullable */
  char *authorization;         /* nullable: sent to the stream's own host only; never shown */
  gint64 added_us;             /* since the epoch */
} UsStreamConfig;

UsStreamConfig *us_stream_config_new (const char *id, const char *name, const char *url);
UsStreamConfig *us_stream_config_copy (const UsStreamConfig *config);
void us_stream_config_free (UsStreamConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsStreamConfig, us_stream_config_free)
/* @pointer: (out) (nullable): static JSON pointer to the member that is wrong */
gboolean us_stream_config_check (const UsStreamConfig *config, const char **pointer,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef gboolean (*UsStreamIdTaken) (const char *id, gpointer user_data);
/* An id that reads like @name and is nobody else's. Returns: (transfer full) */
char *us_stream_config_make_id (const char *name, UsStreamIdTaken is_taken, gpointer user_data);

G_END_DECLS
