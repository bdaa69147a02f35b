/* rewrite.h - HTTP answers as bytes: when one is whole, and what a fault makes of it */
#pragma once

#include "drill/fault.h"

G_BEGIN_DECLS

#define US_REWRITE_MAX_HEAD (32 * 1024)
#define US_REWRITE_MAX_ANSWER (64 * 1024 * 1024)

typedef enum {
  US_REWRITE_MORE,  /* the message is not whole yet */
  US_REWRITE_WHOLE, /* it is */
  US_REWRITE_BROKEN /* it is no HTTP, or larger than the limits */
} UsRewriteState;

/* The request line of a GET or HEAD: bytes up to and including the empty line. */
typedef struct {
  gsize n_head; /* bytes of the head; what follows belongs to the next request */
  gboolean is_head;
  char *path; /* with its query */
} UsRewriteRequest;

UsRewriteState us_rewrite_read_request (const char *bytes, gsize size, UsRewriteRequest *request);
char *us_rewrite_drop_header (const char *head, gsize n_head, const char *name);
UsRewriteState us_rewrite_find_end (const char *bytes, gsize size, gboolean is_head,
                                    gboolean is_eof, gsize *n_message);
GBytes *us_rewrite_answer (const char *bytes, gsize size, const UsFault *fault, gint64 wall_us,
                           gboolean *must_close);
GBytes *us_rewrite_status (guint status, gint64 wall_us);
char *us_rewrite_playlist (const char *text, const UsFault *fault);
char *us_rewrite_date (gint64 wall_us);

G_END_DECLS
