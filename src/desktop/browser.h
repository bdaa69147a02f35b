/* browser.h - shows a page in the user's browser */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void us_browser_open (GDBusConnection *bus, const char *url);

G_END_DECLS
