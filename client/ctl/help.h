/* help.h: the texts of --help, from the tables.
 */
#ifndef CLIENT_CTL_HELP_H
#define CLIENT_CTL_HELP_H

#include "client/ctl/verb.h"

#include <stdio.h>

void help_all(FILE *out);
void help_verb_print(FILE *out, const struct verb *verb);

#endif
