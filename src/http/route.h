/* route.h - which route answers a path: a plain table */
#pragma once

#include "http/server.h"

G_BEGIN_DECLS

typedef struct {
  char *prefix; /* "/x/" matches below, "/x" exactly */
  char *allow;  /* the Allow header: its methods, HEAD with GET, and OPTIONS */
  UsHttpRespond respond;
  UsHttpHandle handle; /* one of the two */
  gpointer user_data;
} UsHttpRoute;

typedef GPtrArray UsHttpRoutes; /* element-type UsHttpRoute, longest prefix first */

UsHttpRoutes *us_http_routes_new (void);
void us_http_routes_add (UsHttpRoutes *routes, const char *prefix, const char *methods,
                         UsHttpRespond respond, UsHttpHandle handle, gpointer user_data);
const UsHttpRoute *us_http_routes_find (const UsHttpRoutes *routes, const char *path);
gboolean us_http_route_allows (const UsHttpRoute *route, const char *method);

G_END_DECLS
