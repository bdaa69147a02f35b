/* web.h - the built-in web interface: its files by their paths, in two codings */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct UsWeb UsWeb;

/* UsWebFile: one file in one coding; all of it belongs to the #UsWeb. */
typedef struct {
  GBytes *bytes;
  const char *etag;   /* with quotes, another one for each coding */
  const char *type;   /* of the content, without the coding */
  const char *coding; /* nullable: "gzip" */
} UsWebFile;

UsWeb *us_web_new (void);
void us_web_free (UsWeb *web);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsWeb, us_web_free)

gboolean us_web_find (UsWeb *web, const char *path, gboolean takes_gzip, UsWebFile *file);

G_END_DECLS
