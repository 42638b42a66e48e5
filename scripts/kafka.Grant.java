// Adds access rules from standard input, one a line: PRINCIPAL OPERATION RESOURCE PATTERN NAME.
// One program for many rules, because Kafka's own command adds those of one resource, and each start takes seconds.

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

public class Grant {
    public static void main(String[] args) throws Exception {
        Properties client = new Properties();
        try (FileInputStream file = new FileInputStream(args[1])) {
            client.load(file);
        }
        client.put("bootstrap.servers", args[0]);
        List<AclBinding> rules = new ArrayList<>();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (!line.isBlank()) {
                rules.add(rule(line.trim().split(" ")));
            }
        }
        try (Admin admin = Admin.create(client)) {
            admin.createAcls(rules).all().get();
        }
        System.out.println(rules.size() + " rules");
    }

    private static AclBinding rule(String[] words) {
        AclOperation operation = AclOperation.valueOf(words[1]);
        ResourceType resource = ResourceType.valueOf(words[2]);
        PatternType pattern = PatternType.valueOf(words[3]);
        return new AclBinding(
            new ResourcePattern(resource, words[4], pattern),
            new AccessControlEntry(words[0], "*", operation, AclPermissionType.ALLOW));
    }
}
