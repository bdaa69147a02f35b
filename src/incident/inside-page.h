/* inside-page.h - what a status page of one of our roles says, as a value */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_PAGE_MAX_BYTES (4 * 1024 * 1024)
#define US_PAGE_MAX_STREAMS 512
#define US_PAGE_MAX_TEXT 256
#define US_PAGE_MAX_WARNINGS 32 /* of one stream */
#define US_PAGE_SILENT_MS 3000  /* a publisher that has sent nothing for so long is not heard */

typedef struct {
  char *state, *reason; /* nullable */
  gboolean is_drained;
} UsPageOrigin;

typedef struct {
  char *from, *to, *reason;
  char *who, *why; /* nullable: nobody ordered it, or it is not told */
  gint64 wall_ms, gap_ms, overlap_ms;
} UsPageSwitch;

typedef struct {
  gint64 id, wall_ms;
  char *stream;                     /* nullable: all */
  char *what, *who, *why, *refused; /* nullable but for @what */
} UsPageOrder;

/* What the ingest says is wrong with what an encoder sends. */
typedef struct {
  char *id, *text;
  char *remedy; /* nullable */
  gboolean is_severe;
} UsPageWarning;

/* UsPageStream: members of roles that do not say them are zero. */
typedef struct {
  char *name;
  /* ingest */
  gboolean has_publisher;
  gboolean is_silent;   /* it is connected, and sends nothing */
  char *peer, *encoder; /* nullable */
  gint64 publishes, takeovers;
  gint64 number;       /* of the newest segment that was begun; 0: none */
  GPtrArray *warnings; /* element-type UsPageWarning, at most US_PAGE_MAX_WARNINGS */
  /* packager */
  char *state; /* nullable */
  gboolean is_connected;
  /* switcher */
  char *path, *active;           /* nullable */
  gint64 failovers, switchbacks; /* where it does not say: as far as @switches goes back */
  gboolean is_served;
  char *pair; /* nullable: what its origins are to each other */
  gint64 divergences;
  UsPageOrigin primary, backup;
  GPtrArray *switches; /* element-type UsPageSwitch, oldest first */
} UsPageStream;

typedef struct {
  gint64 started_ms;
  GPtrArray *streams; /* element-type UsPageStream */
  gboolean is_full;   /* it tells orders and maintenance as well: /control/status */
  GPtrArray *orders;  /* element-type UsPageOrder, oldest first */
} UsPage;

UsPage *us_page_read (GBytes *body);
void us_page_free (UsPage *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsPage, us_page_free)
const UsPageStream *us_page_find (const UsPage *page, const char *name);

G_END_DECLS
