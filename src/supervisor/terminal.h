/* terminal.h - a status block that stays at the bottom of the terminal while log lines pass above
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct UsTerminal UsTerminal;

/* From now on standard error of this process, and of children that inherit it, passes through here.
 * Returns: (nullable): NULL when standard output and standard error are not both a terminal */
UsTerminal *us_terminal_new (void);
void us_terminal_show (UsTerminal *terminal, const char *block);
/* Gives standard error back, after what was still in the pipe. */
void us_terminal_free (UsTerminal *terminal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsTerminal, us_terminal_free)

char *us_terminal_shorten (const char *text, gsize size, gboolean is_line_start);
char *us_terminal_clip (const char *block, guint columns, guint *lines);

G_END_DECLS
