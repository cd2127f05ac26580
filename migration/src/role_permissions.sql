-- What a custom role allows, and has allowed: by whom it was put there, and taken out again.
CREATE TABLE role_permission_spans (
    workspace_id {uuid} NOT NULL,
    role_id {uuid} NOT NULL,
    permission TEXT NOT NULL,
    allowed_at BIGINT NOT NULL,
    allowed_by {uuid},
    forbidden_at BIGINT,
    forbidden_by {uuid},
    PRIMARY KEY (workspace_id, role_id, permission, allowed_at),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id),
    FOREIGN KEY (workspace_id, allowed_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, forbidden_by) REFERENCES members (workspace_id, id)
){clustered};
-- Of what is there already, it is not known since when: no later than the role.
INSERT INTO role_permission_spans (workspace_id, role_id, permission, allowed_at)
SELECT p.workspace_id, p.role_id, p.permission, r.created_at
FROM role_permissions p JOIN roles r ON r.workspace_id = p.workspace_id AND r.id = p.role_id;
