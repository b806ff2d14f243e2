/* camera.h: which part of the canvas is on the screen: pan, zoom at a point, fit.
 *
 * Units  canvas in mm, y down; screen in framebuffer pixels, origin top left, y down. pixel = mm * scale + offset.
 */
#ifndef VIEW_CAMERA_H
#define VIEW_CAMERA_H

struct camera {
    double scale; /* pixels per mm, both axes */
    double offset[2];
};

/* camera_fit: the whole canvas, centred, with a margin of that many pixels on every side. */
struct camera camera_fit(const double canvas[2], int width, int height, double margin);

/* camera_zoom: by a factor, the point under (x, y) stays where it is; the scale stays within 0.01 .. 10000. */
void camera_zoom(struct camera *camera, double factor, double x, double y);
void camera_pan(struct camera *camera, double dx, double dy);

#endif
