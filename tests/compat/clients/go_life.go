// SPDX-License-Identifier: Apache-2.0
// A connector's life through github.com/go-kafka/connect: built and run by test_rest_clients.py.
//
//	go_life URL NAME CLASS FILE TOPIC
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/go-kafka/connect"
)

func check(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

// As scripts do: 404 and 409 are asked about again.
func await(what string, condition func() (bool, error)) {
	deadline := time.Now().Add(60 * time.Second)
	for {
		holds, err := condition()
		if holds && err == nil {
			return
		}
		if time.Now().After(deadline) {
			check(fmt.Errorf("not within 60 s; last: %v", err), what)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func main() {
	name := os.Args[2]
	client := connect.NewClient(os.Args[1])
	config := connect.ConnectorConfig{
		"connector.class": os.Args[3], "tasks.max": "1", "file": os.Args[4], "topic": os.Args[5],
	}
	state := func(wanted string) func() (bool, error) {
		return func() (bool, error) {
			status, _, err := client.GetConnectorStatus(name)
			if err != nil || len(status.Tasks) != 1 {
				return false, err
			}
			return status.Connector.State == wanted && status.Tasks[0].State == wanted, nil
		}
	}
	_, err := client.CreateConnector(&connect.Connector{Name: name, Config: config})
	check(err, "create")
	await("running", state("RUNNING"))
	names, _, err := client.ListConnectors()
	check(err, "list")
	if len(names) != 1 || names[0] != name {
		check(fmt.Errorf("%v", names), "list")
	}
	info, _, err := client.GetConnector(name)
	check(err, "get")
	if info.Config["topic"] != os.Args[5] || len(info.Tasks) != 1 {
		check(fmt.Errorf("%v", info), "get")
	}
	tasks, _, err := client.GetConnectorTasks(name)
	check(err, "tasks")
	if len(tasks) != 1 || tasks[0].ID.ConnectorName != name {
		check(fmt.Errorf("%v", tasks), "tasks")
	}
	config["batch.size"] = "7"
	_, _, err = client.UpdateConnectorConfig(name, config)
	check(err, "update")
	await("the new config", func() (bool, error) {
		found, _, err := client.GetConnectorConfig(name)
		return found["batch.size"] == "7", err
	})
	_, err = client.PauseConnector(name)
	check(err, "pause")
	await("paused", state("PAUSED"))
	_, err = client.ResumeConnector(name)
	check(err, "resume")
	await("resumed", state("RUNNING"))
	await("restarted", func() (bool, error) {
		_, err := client.RestartConnector(name)
		return err == nil, err
	})
	_, err = client.DeleteConnector(name)
	check(err, "delete")
	await("deleted", func() (bool, error) {
		names, _, err := client.ListConnectors()
		return len(names) == 0, err
	})
	fmt.Println("all done")
}
