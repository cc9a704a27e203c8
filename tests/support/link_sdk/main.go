// SPDX-License-Identifier: Apache-2.0

// Drives a link by Confluent's published Go client, and prints what that made of each answer as one
// line of JSON. Arguments: the worker's URL, the target cluster's id, a call, and what the call takes.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	kafkarest "github.com/confluentinc/ccloud-sdk-go-v2/kafkarest/v3"
)

type answer struct {
	Status int         `json:"status"`
	Error  string      `json:"error"`
	Data   interface{} `json:"data"`
}

func show(data interface{}, response *http.Response, err error) {
	printed := answer{Data: data}
	if response != nil {
		printed.Status = response.StatusCode
	}
	if err != nil {
		printed.Error = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(printed); err != nil {
		panic(err)
	}
}

func alter(api kafkarest.ClusterLinkingV3Api, ctx context.Context, cluster, verb, link string, dry bool, topics []string) {
	data := kafkarest.AlterMirrorsRequestData{MirrorTopicNames: &topics}
	switch verb {
	case "pause":
		list, response, err := api.UpdateKafkaMirrorTopicsPause(ctx, cluster, link).AlterMirrorsRequestData(data).ValidateOnly(dry).Execute()
		show(list, response, err)
	case "resume":
		list, response, err := api.UpdateKafkaMirrorTopicsResume(ctx, cluster, link).AlterMirrorsRequestData(data).ValidateOnly(dry).Execute()
		show(list, response, err)
	case "promote":
		list, response, err := api.UpdateKafkaMirrorTopicsPromote(ctx, cluster, link).AlterMirrorsRequestData(data).ValidateOnly(dry).Execute()
		show(list, response, err)
	case "failover":
		list, response, err := api.UpdateKafkaMirrorTopicsFailover(ctx, cluster, link).AlterMirrorsRequestData(data).ValidateOnly(dry).Execute()
		show(list, response, err)
	}
}

// Settings of "name=value" words.
func settings(words []string) []kafkarest.ConfigData {
	list := []kafkarest.ConfigData{}
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		list = append(list, *kafkarest.NewConfigData(name, *kafkarest.NewNullableString(&value)))
	}
	return list
}

func main() {
	config := kafkarest.NewConfiguration()
	config.Servers = kafkarest.ServerConfigurations{{URL: os.Args[1]}}
	api := kafkarest.NewAPIClient(config).ClusterLinkingV3Api
	ctx, cluster, call, rest := context.Background(), os.Args[2], os.Args[3], os.Args[4:]
	switch call {
	case "links":
		list, response, err := api.ListKafkaLinks(ctx, cluster).Execute()
		show(list, response, err)
	case "link":
		link, response, err := api.GetKafkaLink(ctx, cluster, rest[0]).IncludeTasks(true).Execute()
		show(link, response, err)
	case "configs":
		list, response, err := api.ListKafkaLinkConfigs(ctx, cluster, rest[0]).Execute()
		show(list, response, err)
	case "new-link": // name, source cluster, settings
		list := settings(rest[2:])
		data := kafkarest.CreateLinkRequestData{SourceClusterId: &rest[1], Configs: &list}
		response, err := api.CreateKafkaLink(ctx, cluster).LinkName(rest[0]).CreateLinkRequestData(data).Execute()
		show(nil, response, err)
	case "delete-link":
		response, err := api.DeleteKafkaLink(ctx, cluster, rest[0]).Execute()
		show(nil, response, err)
	case "set-config":
		data := kafkarest.UpdateLinkConfigRequestData{Value: rest[2]}
		response, err := api.UpdateKafkaLinkConfig(ctx, cluster, rest[0], rest[1]).UpdateLinkConfigRequestData(data).Execute()
		show(nil, response, err)
	case "reset-config":
		response, err := api.DeleteKafkaLinkConfig(ctx, cluster, rest[0], rest[1]).Execute()
		show(nil, response, err)
	case "set-configs":
		data := kafkarest.AlterConfigBatchRequestData{}
		for _, setting := range settings(rest[1:]) {
			data.Data = append(data.Data, kafkarest.AlterConfigBatchRequestDataData{Name: setting.Name, Value: setting.Value})
		}
		response, err := api.UpdateKafkaLinkConfigBatch(ctx, cluster, rest[0]).AlterConfigBatchRequestData(data).Execute()
		show(nil, response, err)
	case "config":
		data, response, err := api.GetKafkaLinkConfigs(ctx, cluster, rest[0], rest[1]).Execute()
		show(data, response, err)
	case "create":
		data := kafkarest.CreateMirrorTopicRequestData{SourceTopicName: rest[1]}
		response, err := api.CreateKafkaMirrorTopic(ctx, cluster, rest[0]).CreateMirrorTopicRequestData(data).Execute()
		show(nil, response, err)
	case "mirrors":
		list, response, err := api.ListKafkaMirrorTopicsUnderLink(ctx, cluster, rest[0]).MirrorStatus(kafkarest.ACTIVE).Execute()
		show(list, response, err)
	case "all-mirrors":
		list, response, err := api.ListKafkaMirrorTopics(ctx, cluster).Execute()
		show(list, response, err)
	case "mirror":
		mirror, response, err := api.ReadKafkaMirrorTopic(ctx, cluster, rest[0], rest[1]).Execute()
		show(mirror, response, err)
	case "dry":
		alter(api, ctx, cluster, rest[0], rest[1], true, rest[2:])
	case "order":
		alter(api, ctx, cluster, rest[0], rest[1], false, rest[2:])
	default:
		fmt.Fprintln(os.Stderr, "no such call:", call)
		os.Exit(1)
	}
}
