// SPDX-License-Identifier: Apache-2.0
// Gives every partition of a topic another leader, some rounds long: the list of replicas is turned
// by one (a reassignment), and then the preferred leader is elected. Prints a line per round.

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;

public class MoveLeaders {
    static List<TopicPartitionInfo> partitions(Admin admin, String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions();
    }

    static boolean led(Admin admin, String topic, Map<TopicPartition, Integer> leaders) throws Exception {
        for (TopicPartitionInfo info : partitions(admin, topic)) {
            Integer wanted = leaders.get(new TopicPartition(topic, info.partition()));
            if (info.leader() == null || info.leader().id() != wanted)
                return false;
        }
        return true;
    }

    static void move(Admin admin, String topic) throws Exception {
        Map<TopicPartition, Optional<NewPartitionReassignment>> moves = new HashMap<>();
        Map<TopicPartition, Integer> leaders = new HashMap<>();
        for (TopicPartitionInfo info : partitions(admin, topic)) {
            List<Integer> replicas = new ArrayList<>();
            info.replicas().forEach(node -> replicas.add(node.id()));
            Collections.rotate(replicas, 1);
            TopicPartition where = new TopicPartition(topic, info.partition());
            moves.put(where, Optional.of(new NewPartitionReassignment(replicas)));
            leaders.put(where, replicas.get(0));
        }
        admin.alterPartitionReassignments(moves).all().get();
        long deadline = System.currentTimeMillis() + 60000;
        while (!led(admin, topic, leaders)) {
            if (System.currentTimeMillis() > deadline)
                throw new IllegalStateException("no such leaders after a minute: " + leaders);
            admin.electLeaders(ElectionType.PREFERRED, new HashSet<>(leaders.keySet())).partitions().get();
            Thread.sleep(50);
        }
        System.out.println("moved " + leaders);
    }

    public static void main(String[] args) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            for (int round = 0; round < Integer.parseInt(args[2]); round++) {
                move(admin, args[1]);
                Thread.sleep(Integer.parseInt(args[3]));
            }
        }
    }
}
