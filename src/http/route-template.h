/* route-template.h - paths with parameters: "/api/streams/{id}/timeline" */
#pragma once

#include "http/server.h"

G_BEGIN_DECLS

#define US_TEMPLATE_MAX_VALUES 4

typedef struct UsTemplateRoute UsTemplateRoute;

/* UsTemplateMatch: what a path has told. */
typedef struct {
  const UsTemplateRoute *route;             /* nullable: none fits */
  char *values[US_TEMPLATE_MAX_VALUES + 1]; /* in the order of the template; ended by NULL */
} UsTemplateMatch;
const char *us_template_match_get (const UsTemplateMatch *match, const char *name);
void us_template_match_clear (UsTemplateMatch *match);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsTemplateMatch, us_template_match_clear)

typedef void (*UsTemplateHandle) (gpointer self, const UsHttpRequest *request,
                                  const UsTemplateMatch *match, UsHttpResponse *response);

/* UsTemplateRoute: a row of a handler's table, which ends with a row of zeros. One row for each
 * method; HEAD comes with GET. */
struct UsTemplateRoute {
  const char *method;
  const char *path; /* a segment in braces is a parameter: never empty, never with a slash */
  UsTemplateHandle handle;
};

typedef enum { US_TEMPLATE_FOUND, US_TEMPLATE_NO_PATH, US_TEMPLATE_NO_METHOD } UsTemplateResult;

UsTemplateResult us_template_find (const UsTemplateRoute *routes, const char *method,
                                   const char *path, UsTemplateMatch *match, char **allow);
void us_template_dispatch (const UsTemplateRoute *routes, gpointer self,
                           const UsHttpRequest *request, UsHttpResponse *response);

G_END_DECLS
