/* evaluated.h: a picture computed on request at one time of a sketch (geometry.eval), free of the live clock.
 *
 * Ownership  the layers borrow from the reply, until evaluated_free.
 */
#ifndef VIEW_EVALUATED_H
#define VIEW_EVALUATED_H

#include "client/view/picture.h"

struct evaluated;

int evaluated_get(struct px *px, const char *sketch, double t, struct evaluated **evaluated, struct px_error *error);
struct picture evaluated_picture(const struct evaluated *evaluated);
void evaluated_free(struct evaluated *evaluated); /* NULL is fine */

#endif
