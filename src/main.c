/* The `anlan` program: see command/command.h for the table of subcommands. */
#include "command/command.h"

int main(int argc, char **argv) { return command_main(argc, argv); }
