// Composecheck loads Compose files with the library of docker compose itself, every profile of them, and says what is
// wrong with them. With -print it writes the first file as JSON, with variables, anchors and defaults resolved.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func load(file string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithOsEnv, cli.WithInterpolation(true), cli.WithProfiles([]string{"*"}))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

func main() {
	show := flag.Bool("print", false, "write the file as JSON")
	flag.Parse()
	code := 0
	for _, file := range flag.Args() {
		project, err := load(file)
		if err == nil && *show {
			var text []byte
			if text, err = project.MarshalJSON(); err == nil {
				fmt.Println(string(text))
			}
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			code = 1
		}
	}
	os.Exit(code)
}
