/* service.h - the switcher on D-Bus: streams and origins as objects, commands as methods */
#pragma once

#include "bus/address.h"
#include "switcher/overview.h"

G_BEGIN_DECLS

typedef struct UsService UsService;

/* @control: also carries out what is asked for; outlives the service with all of @overview */
UsService *us_service_new (UsControl *control, const UsOverview *overview);
gboolean us_service_start (UsService *service, UsBusChoice choice,
                           const UsBusSurroundings *surroundings, const char *viewer_address);
void us_service_free (UsService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsService, us_service_free)

void us_service_refresh (UsService *service);
void us_service_tell_switch (UsService *service, const char *stream, const UsFeedSwitch *change);
void us_service_tell_drill (UsService *service, const UsDrill *drill);

G_END_DECLS
