/* route.h - which route answers a path: a plain table */
#pragma once

#include "http/server.h"

G_BEGIN_DECLS

typedef struct {
  char *prefix;  /* "/x/" matches below, "/x" exactly */
  GStrv origins; /* nullable: of web pages that may use it; "*" is any */
  char *allow;   /* the Allow header: its methods, HEAD with GET, and OPTIONS */
  UsHttpRespond respond;
  UsHttpHandle handle; /* one of the two, or @events */
  UsHttpEvents *events;
  gpointer user_data;
} UsHttpRoute;

typedef GPtrArray UsHttpRoutes; /* element-type UsHttpRoute, longest prefix first */

UsHttpRoutes *us_http_routes_new (void);
void us_http_routes_add (UsHttpRoutes *routes, const char *prefix, const char *methods,
                         UsHttpRespond respond, UsHttpHandle handle, gpointer user_data);
void us_http_routes_add_events (UsHttpRoutes *routes, const char *path, UsHttpEvents *events);
void us_http_routes_allow_origins (UsHttpRoutes *routes, const char *prefix,
                                   const char *const *origins);
gboolean us_http_route_allows_origin (const UsHttpRoute *route, const char *origin);
const UsHttpRoute *us_http_routes_find (const UsHttpRoutes *routes, const char *path);
gboolean us_http_route_allows (const UsHttpRoute *route, const char *method);

G_END_DECLS
