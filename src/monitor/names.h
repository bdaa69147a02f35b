/* names.h - whether the names of hosts still resolve, and when to look for another address */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsName: what is known of one name; plain data but for its texts, zeros at first. */
typedef struct {
  char *addresses; /* nullable: sorted, with a space behind each */
  char *problem;   /* nullable: why the newest lookups failed */
  guint n_addresses, n_failed;
  guint generation; /* rises when connections have to be made anew */
  gint64 looked_us, asked_us, turned_us;
  gboolean is_looking;
} UsName;
void us_name_clear (UsName *name);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsName, us_name_clear)
/* @addresses: (nullable): as in UsName; %NULL: @problem says why */
void us_name_take (UsName *name, const char *addresses, const char *problem, gint64 now_us);
/* A request at the name failed. */
void us_name_turn (UsName *name, gint64 now_us);
gboolean us_name_is_due (const UsName *name, gint64 now_us);
/* Returns: (nullable): why the name is as good as gone */
const char *us_name_problem (const UsName *name, gint64 now_us);

/* UsNames: all names that have answered; one thread with a main context. */
typedef struct UsNames UsNames;
UsNames *us_names_new (void);
void us_names_free (UsNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsNames, us_names_free)

/* @host: of a URL; it has answered: from now on its name is looked after. */
void us_names_note (UsNames *names, const char *host, gint64 now_us);
/* Whether @host is an address, or has answered and its name is not gone. */
gboolean us_names_is_sound (const UsNames *names, const char *host, gint64 now_us);
/* Looks the name up anew when that is due, and answers with what is known before.
 * @problem: (out) (nullable) (transfer none). Returns: the generation */
guint us_names_look (UsNames *names, const char *host, gint64 now_us, const char **problem);
void us_names_turn (UsNames *names, const char *host, gint64 now_us);

G_END_DECLS
