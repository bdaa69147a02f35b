/* chronicle.h - how the last segments came to be published, and what the other origin has of them
 */
#pragma once

#include "switcher/ledger.h"

G_BEGIN_DECLS

#define US_CHRONICLE_ROWS 250
#define US_CHRONICLE_WAITING 10 /* newest rows whose comparison may still come */

/* UsCopy: what is known of the other origin's copy of a published segment. */
typedef enum {
  US_COPY_NOT_COMPARED,   /* it was not asked for, or no answer said anything */
  US_COPY_NOT_COMPARABLE, /* there is none whose bytes should be the same */
  US_COPY_EQUAL,
  US_COPY_DIFFERENT,
} UsCopy;
const char *us_copy_word (UsCopy copy);

/* UsChronicleHow: how a segment was had. */
typedef struct {
  gboolean was_hedged;  /* both origins were asked */
  gboolean was_resumed; /* it broke off at one and was gone on with at the other */
  gint64 took_us;       /* its fetch; -1: no longer known */
} UsChronicleHow;

/* UsChronicleRow: one publication; the ledger's row may be gone by now. */
typedef struct {
  guint64 number;               /* as published; rises */
  guint64 epoch, origin_number; /* as one of our packagers named it */
  char *name;                   /* as published */
  char hash[17];                /* the first 8 bytes of its SHA-256, in hex */
  UsOriginId origin;
  gboolean is_gap; /* nobody had it */
  gboolean is_discontinuous;
  gint64 duration_us;
  gsize n_bytes;
  gint64 wall_us; /* when it was published, since the epoch */
  UsChronicleHow how;
  UsCopy copy;
  gboolean is_waiting; /* to be compared */
} UsChronicleRow;

typedef struct UsChronicle UsChronicle;

UsChronicle *us_chronicle_new (void);
void us_chronicle_free (UsChronicle *chronicle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsChronicle, us_chronicle_free)

void us_chronicle_add (UsChronicle *chronicle, const UsLedgerRow *row, const UsChronicleHow *how,
                       gint64 wall_us);
void us_chronicle_expect (UsChronicle *chronicle, UsCopy copy, gboolean is_waiting);
void us_chronicle_settle (UsChronicle *chronicle, guint64 number, UsCopy copy);
void us_chronicle_resign (UsChronicle *chronicle);

guint us_chronicle_get_n_rows (const UsChronicle *chronicle);
const UsChronicleRow *us_chronicle_get_row (const UsChronicle *chronicle, guint index);
const UsChronicleRow *us_chronicle_get_last (const UsChronicle *chronicle);
guint us_chronicle_find_after (const UsChronicle *chronicle, guint64 number);

G_END_DECLS
