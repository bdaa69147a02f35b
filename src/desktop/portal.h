/* portal.h - where the desktop's portals are, in a sandbox and outside of it */
#pragma once

#define US_PORTAL "org.freedesktop.portal.Desktop"
#define US_PORTAL_PATH "/org/freedesktop/portal/desktop"
